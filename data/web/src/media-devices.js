// SPDX-License-Identifier: LGPL-2.1-or-later
// This page's camera, microphone and speaker: asked for when somebody says so, chosen, remembered,
// ended.

/** The label of a source of this page's: its picture's, or 'microphone'. @typedef {string} Own */
/** Or 'speaker'. @typedef {string} Kind */
/** Which way a camera looks: from the screen, or to who looks at it. @typedef {'environment' | 'user'} Facing */

/** @type {Record<string, MediaDeviceKind>} what is none of these is a picture */
const kindOf = { microphone: 'audioinput', speaker: 'audiooutput' };
/** Of a face, for which that is enough. */
const usualVideo = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

export const choosesSpeaker = 'setSinkId' in HTMLMediaElement.prototype;
export const sharesScreen = typeof navigator.mediaDevices?.getDisplayMedia === 'function';

/** How loud it is, from 0 to 1, by the ear: −60 dB is nothing. @param {Float32Array} samples */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples)
    sum += sample * sample;
  const db = 10 * Math.log10(sum / Math.max(samples.length, 1) || 1e-12);
  return Math.min(1, Math.max(0, (db + 60) / 55));
}

/** Tells 'change'. */
export class Devices extends EventTarget {
  /**
   * @param {{picture?: string, video?: MediaTrackConstraints & {facingMode?: {ideal: Facing}}, memory?: string}} [options]
   *   picture: the label of the source that is a picture, as the modality declared it; video: what is asked of it, whichever
   *   camera is chosen, but for facingMode, which is of one that nobody chose; memory: the key of localStorage that keeps what
   *   is chosen and wanted; without, nothing is
   */
  constructor({ picture = 'camera', video: { facingMode, ...video } = usualVideo, memory } = {}) {
    super();
    this.picture = picture;
    this.video = video;
    this.memory = memory;
    /** Which way a camera that nobody chose is to look; null where that does not matter. @type {Facing | null} */
    this.facing = facingMode?.ideal ?? null;
    /** Whether the picture is no device's. */
    this.prepared = false;
    /** Whether the camera's light was turned on. */
    this.torch = false;
    /** @type {Own[]} */
    this.sources = [picture, 'microphone'];
    /** @type {Record<Own, MediaStreamTrack | null>} */
    this.tracks = { [picture]: null, microphone: null };
    /** Names of what went wrong. @type {Partial<Record<Own, string>>} */
    this.problems = {};
    /** What is to be sent. @type {Record<Own, boolean>} */
    this.wants = { [picture]: true, microphone: true };
    /** @type {Partial<Record<Kind, string>>} */
    this.chosen = {};
    /** @type {MediaDeviceInfo[]} */
    this.list = [];
    /** Whether it was asked for since the page was there. */
    this.asked = false;
    this.asking = false;
    /** What the question under way asks for. @type {Own[]} */
    this.waiting = [];
    /** Counts what made an answer under way too late. */
    this.turn = 0;
    /** @type {AudioContext | null} */
    this.audio = null;
    /** @type {AnalyserNode | null} */
    this.analyser = null;
    this.samples = new Float32Array(1024);
    try {
      const { chosen, wants, facing } = JSON.parse((memory && localStorage.getItem(memory)) ?? '{}');
      this.chosen = { ...chosen };
      this.wants = { ...this.wants, ...wants };
      this.facing = facing ?? this.facing;
    } catch {
      // Another program's: begin anew.
    }
    this.listed = () => void this.enumerate();
    navigator.mediaDevices?.addEventListener('devicechange', this.listed);
  }

  changed() {
    this.dispatchEvent(new Event('change'));
  }

  remember() {
    if (this.memory)
      localStorage.setItem(this.memory, JSON.stringify({ chosen: this.chosen, wants: this.wants, facing: this.facing ?? undefined }));
  }

  /** @param {Kind} kind */
  choices(kind) {
    return this.list.filter((one) => one.kind === (kindOf[kind] ?? 'videoinput') && one.deviceId !== '');
  }

  /** What the browser has been told of it. @param {Own} source @returns {Promise<PermissionState | null>} null: it does not say */
  async permission(source) {
    const name = /** @type {PermissionName} */ (source === this.picture ? 'camera' : source);
    try {
      return (await navigator.permissions.query({ name })).state;
    } catch {
      return null;
    }
  }

  /** Whether the browser would give it without asking anybody. */
  async allowed() {
    const states = await Promise.all(this.sources.map((one) => this.permission(one)));
    return states.every((one) => one === 'granted');
  }

  /** @param {Own} source */
  isPrepared(source) {
    return source === this.picture && this.prepared;
  }

  /** Asks for what is wanted; and for what a question under way asks for, whose answer is too late now.
   * @param {Own[]} [wanted] */
  async open(wanted = this.sources.filter((one) => this.wants[one])) {
    const late = this.waiting.filter((one) => this.wants[one] && !this.tracks[one]);
    const sources = this.sources.filter((one) => !this.isPrepared(one) && (wanted.includes(one) || late.includes(one)));
    const turn = ++this.turn;
    this.asked = true;
    for (const source of sources)
      delete this.problems[source];
    if (!navigator.mediaDevices) {
      for (const source of sources)
        this.problems[source] = 'insecure';
      this.changed();
      return;
    }
    this.asking = true;
    this.waiting = sources;
    this.changed();
    await this.take(sources, turn);
    if (turn !== this.turn)
      return;
    this.asking = false;
    this.waiting = [];
    await this.enumerate();
  }

  /** Both with one question; one by one where that fails. @param {Own[]} sources @param {number} turn */
  async take(sources, turn) {
    if (sources.length === 0)
      return;
    try {
      const stream = await navigator.mediaDevices.getUserMedia(this.constraints(sources));
      for (const track of stream.getTracks())
        this.put(track.kind === 'audio' ? 'microphone' : this.picture, track, turn);
    } catch (error) {
      const name = error instanceof DOMException ? error.name : 'Error';
      if (turn !== this.turn)
        return;
      const left = name === 'NotAllowedError' && sources.length > 1
        ? await this.split(sources) : sources.length > 1 ? sources : [];
      for (const source of sources.filter((one) => !left.includes(one) && !this.isPrepared(one)))
        this.problems[source] = name;
      for (const source of left)
        if (turn === this.turn && !this.isPrepared(source))
          await this.take([source], turn);
    }
  }

  /** Those that are not refused, if one is: nobody is asked twice. @param {Own[]} sources */
  async split(sources) {
    const denied = await Promise.all(sources.map(async (one) => await this.permission(one) === 'denied'));
    return denied.every(Boolean) || !denied.some(Boolean) ? [] : sources.filter((_one, i) => !denied[i]);
  }

  /** @param {Own[]} sources @returns {MediaStreamConstraints} */
  constraints(sources) {
    /** @param {Kind} kind */
    const device = (kind) => (this.chosen[kind] ? { deviceId: { ideal: this.chosen[kind] } }
      : kind === this.picture && this.facing ? { facingMode: { ideal: this.facing } } : {});
    return {
      video: sources.includes(this.picture) && { ...this.video, ...device(this.picture) },
      audio: sources.includes('microphone') && { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...device('microphone') },
    };
  }

  /** @param {Own} source @param {MediaStreamTrack} track @param {number} turn */
  put(source, track, turn) {
    // No light for a camera that was turned off while the browser asked, or has no place any more.
    if (turn !== this.turn || this.isPrepared(source) || source === this.picture && !this.wants[source])
      track.stop();
    else
      this.hold(source, track);
  }

  /** @param {Own} source @param {MediaStreamTrack} track */
  hold(source, track) {
    this.drop(source);
    this.tracks[source] = track;
    track.enabled = this.wants[source];
    // A switch on the headset, a lid, the system's own privacy: it gives nothing meanwhile.
    track.onmute = track.onunmute = () => {
      if (this.tracks[source] === track)
        this.changed();
    };
    track.onended = () => {
      if (this.tracks[source] === track) {
        if (!this.isPrepared(source))
          this.problems[source] = 'gone';
        this.drop(source);
        this.changed();
      }
    };
    if (source === 'microphone')
      this.listen(track);
  }

  /** @param {Own} source */
  drop(source) {
    const track = this.tracks[source];
    if (!track)
      return;
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
    this.tracks[source] = null;
    if (source === 'microphone')
      this.deafen();
    else
      this.prepared = this.torch = false;
  }

  /**
   * Takes a track that is no device's, as a scene that was prepared, for the picture: as if it was chosen, until another is,
   * or the picture is turned off. It is this object's to stop then.
   * @param {MediaStreamTrack} track
   */
  use(track) {
    if (this.tracks[this.picture] === track)
      return;
    this.wants[this.picture] = true;
    this.remember();
    delete this.problems[this.picture];
    this.hold(this.picture, track);
    this.prepared = true;
    this.changed();
  }

  async enumerate() {
    if (!this.asked || !navigator.mediaDevices)
      return;
    this.list = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    this.changed();
  }

  /** Which one is in use now; '' for none of them. @param {Kind} kind */
  used(kind) {
    if (this.isPrepared(kind))
      return '';
    const track = kind === 'speaker' ? null : this.tracks[kind];
    return track?.getSettings().deviceId ?? this.chosen[kind] ?? '';
  }

  /** @param {Kind} kind @param {string} id */
  async choose(kind, id) {
    this.chosen[kind] = id;
    this.remember();
    if (kind === 'speaker')
      this.changed();
    else
      await this.renew(kind);
  }

  /** @param {Own} source */
  async renew(source) {
    // Many cameras serve one taker at a time.
    this.drop(source);
    if (this.wants[source] || source === 'microphone')
      await this.open([source]);
    else
      this.changed();
  }

  /** Takes the camera that looks the other way, whichever was chosen. */
  async flip() {
    const now = this.tracks[this.picture]?.getSettings().facingMode ?? this.facing;
    this.facing = now === 'environment' ? 'user' : 'environment';
    delete this.chosen[this.picture];
    this.remember();
    await this.renew(this.picture);
  }

  /** Whether the picture's camera has a light that can be turned on. */
  get hasTorch() {
    const { torch } = /** @type {{torch?: boolean | boolean[]}} */ (this.tracks[this.picture]?.getCapabilities?.() ?? {});
    // Browsers say whether there is one, or which states it has.
    return torch === true || Array.isArray(torch) && torch.includes(true);
  }

  /** Turns the camera's light on or off. @param {boolean} on @returns {Promise<boolean>} whether it is so now */
  async setTorch(on) {
    const track = this.tracks[this.picture];
    if (!track || !this.hasTorch)
      return false;
    try {
      await track.applyConstraints({ advanced: [/** @type {MediaTrackConstraintSet} */ ({ torch: on })] });
    } catch {
      return false;
    }
    if (this.tracks[this.picture] !== track)
      return false;
    this.torch = on;
    this.changed();
    return true;
  }

  /** The camera's light goes out when it is off; a microphone is only silenced. @param {Own} source @param {boolean} on */
  async set(source, on) {
    this.wants[source] = on;
    this.remember();
    const track = this.tracks[source];
    if (!on && source === this.picture)
      this.drop(source);
    else if (track)
      track.enabled = on;
    else if (on) {
      await this.open([source]);
      return;
    }
    if (!on)
      delete this.problems[source];
    this.changed();
  }

  /** What is to be, without asking for it yet. @param {Own} source @param {boolean} on */
  plan(source, on) {
    this.wants[source] = on;
    this.remember();
    this.changed();
  }

  /** Whether it is sent. @param {Own} source */
  isOn(source) {
    const track = this.tracks[source];
    return track !== null && track.enabled && !track.muted;
  }

  /** Whether the system gives nothing although it is wanted. @param {Own} source */
  isMutedBySystem(source) {
    const track = this.tracks[source];
    return track !== null && !this.isPrepared(source) && track.enabled && track.muted;
  }

  /** @param {MediaStreamTrack} track */
  listen(track) {
    this.deafen();
    try {
      this.audio = new AudioContext();
      this.analyser = this.audio.createAnalyser();
      this.analyser.fftSize = this.samples.length;
      this.audio.createMediaStreamSource(new MediaStream([track])).connect(this.analyser);
      void this.audio.resume().catch(() => {});
    } catch {
      // A meter less: Firefox has none for a microphone of another sample rate.
      this.deafen();
    }
  }

  deafen() {
    this.analyser = null;
    void this.audio?.close();
    this.audio = null;
  }

  /** How loud the microphone is now, from 0 to 1. */
  level() {
    if (!this.analyser)
      return 0;
    this.analyser.getFloatTimeDomainData(this.samples);
    return loudness(this.samples);
  }

  /** Two soft notes, where the chosen speaker is. */
  async playTone() {
    const context = new AudioContext();
    const out = context.createMediaStreamDestination();
    const player = new Audio();
    player.srcObject = out.stream;
    await this.route(player);
    await player.play();
    [523.25, 659.25].forEach((frequency, i) => {
      const start = context.currentTime + 0.1 + i * 0.35;
      const tone = new OscillatorNode(context, { frequency });
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.25, start + 0.03);
      volume.gain.linearRampToValueAtTime(0, start + 0.33);
      tone.connect(volume).connect(out);
      tone.start(start);
      tone.stop(start + 0.35);
    });
    await new Promise((done) => setTimeout(done, 1000));
    player.srcObject = null;
    await context.close();
  }

  /** Plays an element where the chosen speaker is. @param {HTMLMediaElement} element */
  async route(element) {
    const wanted = this.chosen.speaker ?? '';
    if (choosesSpeaker && element.sinkId !== wanted)
      await element.setSinkId(wanted).catch(() => {});
  }

  /** Everything off: no light stays on. */
  stop() {
    this.turn++;
    this.asking = false;
    this.waiting = [];
    this.asked = false;
    this.problems = {};
    for (const source of this.sources)
      this.drop(source);
    this.changed();
  }
}
