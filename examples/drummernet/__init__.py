"""DrummerNet: drum transcription learned without annotation, assembled from the layers of `ddsp_drums`."""
