/**
 * A short soft tone, made here, so no file is fetched. Browsers allow it only after the reader has
 * clicked or typed; of several tabs only the first that may sound does.
 */

import {read, write} from './storage.js';
import {leadership} from './tabs.js';

/** Two falling notes: hertz, start in seconds. */
const NOTES = /** @type {const} */ ([[880, 0], [660, 0.11]]);

/** @param {string} name the surface's, for the mute switch and the tabs */
export function createSound(name) {
  const key = `parley:${name}:muted`;
  /** @type {AudioContext | null} */
  let audio = null;
  /** @type {() => boolean} */
  let lead = () => false;

  function unlock() {
    removeEventListener('pointerdown', unlock, true);
    removeEventListener('keydown', unlock, true);
    try {
      audio = new AudioContext();
      lead = leadership(`parley:${name}:sound`);
    } catch { /* no audio device or no permission: silence */ }
  }
  addEventListener('pointerdown', unlock, true);
  addEventListener('keydown', unlock, true);

  return {
    get muted() {
      return read(key) === '1';
    },
    /** @param {boolean} muted */
    mute(muted) {
      write(key, muted ? '1' : null);
    },
    play() {
      if (!audio || read(key) === '1' || !lead()) return;
      const context = audio;
      void context.resume().then(() => NOTES.forEach(([pitch, start]) => note(context, pitch, start)), () => {});
    },
  };
}

/** @param {AudioContext} context @param {number} pitch @param {number} start */
function note(context, pitch, start) {
  const at = context.currentTime + start;
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.12, at + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.28);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.3);
}
