// Which candidates are hits, at the thresholds of the moment: what EventPicker in hearing/picking.py picks with them.

export function pick({ candidates, wait_frames }, thresholds) {
  const hits = [];
  for (const group of candidates)
    for (const level of new Set(group.map(candidate => thresholds[candidate.instrument]))) {
      const least = Math.fround(level);  // rises have single precision
      let last = -Infinity;
      for (const candidate of group) {
        if (candidate.rise < least || candidate.frame - last < wait_frames) continue;
        last = candidate.frame;
        if (thresholds[candidate.instrument] === level) hits.push(candidate);
      }
    }
  return hits.sort((a, b) => a.onset_s - b.onset_s);
}

export function named([frame, onset_s, instrument, velocity, confidence, rise]) {
  return { frame, onset_s, instrument, velocity, confidence, rise };
}

export const row = hit => [hit.onset_s, hit.instrument, hit.velocity, hit.confidence];
