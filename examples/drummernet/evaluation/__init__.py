"""How good it is: annotated recordings, scores, peers, and what each part of the training brings."""
