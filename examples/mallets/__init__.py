"""Notes of marimbas, vibraphones and xylophones, with pitch and duration, learned without a recording."""
