// Sounds to and from samples.

// 16-bit WAV of an AudioBuffer, for recordings in formats that browsers read and libsndfile does not.
export function wav(buffer) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel));
  const size = 2 * channels.length * buffer.length;
  const view = new DataView(new ArrayBuffer(44 + size));
  const text = (at, letters) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + size, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, channels.length, true);
  view.setUint32(24, buffer.sampleRate, true); view.setUint32(28, 2 * channels.length * buffer.sampleRate, true);
  view.setUint16(32, 2 * channels.length, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, size, true);
  let at = 44;
  for (let i = 0; i < buffer.length; i++)
    for (const channel of channels) {
      view.setInt16(at, 32767 * Math.max(-1, Math.min(1, channel[i])), true);
      at += 2;
    }
  return new Blob([view], { type: "audio/wav" });
}

// Records the microphone as it is until `stop` of what this returns; `done` is the recording.
export async function record(longest_s) {
  const asItIs = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: asItIs });
  const recorder = new MediaRecorder(stream), parts = [];
  recorder.ondataavailable = event => parts.push(event.data);
  const done = new Promise(resolve => {
    recorder.onstop = () => {
      stream.getTracks().forEach(track => track.stop());
      resolve(new Blob(parts, { type: recorder.mimeType }));
    };
  });
  recorder.start();
  const stop = () => recorder.state === "recording" && recorder.stop();
  setTimeout(stop, 1000 * longest_s);
  return { stop, done };
}
