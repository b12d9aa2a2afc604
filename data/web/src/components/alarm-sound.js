// SPDX-License-Identifier: LGPL-2.1-or-later
// The sound of an alarm: two tones, again and again until it is stopped. One page of a browser makes
// it, whatever is open beside.

const tones = [880, 660];
/** Seconds: of a tone, and of the whole that is repeated. */
const toneFor = 0.24;
const period = 1.8;
const volume = 0.4;

/** @param {BaseAudioContext} context */
function render(context) {
  const rate = context.sampleRate;
  const buffer = context.createBuffer(1, Math.round(period * rate), rate);
  const samples = buffer.getChannelData(0);
  const each = Math.round(toneFor * rate);
  for (const [i, tone] of tones.entries())
    for (let at = 0; at < each; at++) {
      // Without a click where it begins and ends.
      const edge = Math.min(1, at / (0.01 * rate), (each - at) / (0.01 * rate));
      samples[i * each + at] = volume * edge * Math.sin((2 * Math.PI * tone * at) / rate);
    }
  return buffer;
}

/** Tells 'change' when it is heard, or no longer, or may not be. */
export class AlarmSound extends EventTarget {
  #wanted = false;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AudioBufferSourceNode | null} */
  #source = null;
  /** Gives the turn to another page. @type {(() => void) | null} */
  #leave = null;
  #asked = false;

  /** Browsers let no page be heard that nobody has touched yet. */
  get blocked() {
    return this.#source !== null && this.#context?.state === 'suspended';
  }

  start() {
    if (this.#wanted)
      return;
    this.#wanted = true;
    void this.#takeTurn();
    for (const name of ['pointerdown', 'keydown'])
      addEventListener(name, this.unblock);
  }

  stop() {
    if (!this.#wanted)
      return;
    this.#wanted = false;
    for (const name of ['pointerdown', 'keydown'])
      removeEventListener(name, this.unblock);
    this.#source?.stop();
    this.#source = null;
    void this.#context?.close();
    this.#context = null;
    this.#leave?.();
    this.#leave = null;
    this.dispatchEvent(new Event('change'));
  }

  unblock = () => {
    if (this.blocked)
      void this.#context?.resume();
  };

  /** Two pages that sound at once are louder, and say no more. */
  async #takeTurn() {
    if (!navigator.locks) { // outside of a secure context
      this.#sound();
      return;
    }
    if (this.#asked)
      return;
    this.#asked = true;
    await navigator.locks.request('karez-alarm', async () => {
      this.#asked = false;
      if (this.#wanted) {
        this.#sound();
        await new Promise((done) => { this.#leave = () => done(undefined); });
      }
    });
  }

  #sound() {
    const context = new AudioContext();
    this.#context = context;
    context.onstatechange = () => this.dispatchEvent(new Event('change'));
    this.#source = new AudioBufferSourceNode(context, { buffer: render(context), loop: true });
    this.#source.connect(context.destination);
    this.#source.start();
    this.dispatchEvent(new Event('change'));
  }
}
