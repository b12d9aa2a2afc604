// SPDX-License-Identifier: LGPL-2.1-or-later
// Tries this page's way to a session's worker before joining: a test picture and a soft tone go there
// and come back, so that both directions are measured on the port that the session uses. Neither
// camera nor microphone is in it.

import { preferredCodecs } from './media.js';
import { usualSources } from './media-sources.js';

/**
 * What was measured of both directions.
 * @typedef {object} Measured
 * @property {number} rtt_ms the median
 * @property {number} loss_out share of packets lost on the way to the hospital
 * @property {number} loss_in and on the way back; of the picture, which is repaired on the way there
 * @property {number | null} bitrate_out bit/s that the way there carries, by the estimate of a browser that makes one
 */
/**
 * blocked: there is no way. broken: there was one, and it broke off.
 * @typedef {'idle' | 'connecting' | 'measuring' | 'done' | 'blocked' | 'broken' | 'refused'} EchoState
 */

const reachMs = 10_000;
/** The browser finds out how much it may send first. */
const settleMs = 1500;
const measureMs = 4000;
const sampleMs = 500;
const size = { width: 640, height: 360, rate: 30 };

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : 0;
}

/** @param {number} part @param {number} whole */
const ratio = (part, whole) => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0);

/**
 * What counts in one look at the statistics (W3C webrtc-stats).
 * @param {Iterable<any>} reports
 */
export function readStats(reports) {
  const all = [...reports];
  const seen = { at: 0, sent: 0, lostOut: 0, received: 0, lostIn: 0, rtt: 0, available: 0 };
  const pairs = new Set(all.filter((one) => one.type === 'transport').map((one) => one.selectedCandidatePairId));
  for (const one of all) {
    seen.at = Math.max(seen.at, one.timestamp ?? 0);
    if (one.type === 'outbound-rtp') {
      seen.sent += one.packetsSent ?? 0;
    } else if (one.type === 'remote-inbound-rtp') {
      seen.lostOut += one.packetsLost ?? 0;
    } else if (one.type === 'inbound-rtp' && one.kind === 'video') {
      seen.received += one.packetsReceived ?? 0;
      seen.lostIn += one.packetsLost ?? 0;
    } else if (one.type === 'candidate-pair' && (pairs.size ? pairs.has(one.id) : one.nominated)) {
      seen.rtt = (one.currentRoundTripTime ?? 0) * 1000;
      seen.available = one.availableOutgoingBitrate ?? 0;
    }
  }
  return seen;
}

/** @typedef {ReturnType<typeof readStats>} Look */

/** Nothing came between two looks and the one after them: who sends no more loses nothing either. @param {Look[]} looks */
const isBroken = (looks) => looks.some((one, i) => i >= 2 && one.received === looks[i - 2].received);

/**
 * What the looks of a trial say together; null where what was sent did not come back all the time.
 * @param {Look[]} looks
 * @returns {Measured | null}
 */
export function measure(looks) {
  const first = looks[0], last = looks.at(-1);
  if (!first || !last || last.at <= first.at || last.received <= first.received || isBroken(looks))
    return null;
  const received = last.received - first.received, lost = last.lostIn - first.lostIn;
  return {
    rtt_ms: median(looks.map((one) => one.rtt).filter((one) => one > 0)),
    loss_out: ratio(last.lostOut - first.lostOut, last.sent - first.sent),
    loss_in: ratio(lost, received + lost),
    bitrate_out: last.available || null,
  };
}

/** A picture that moves and is as hard to send as a face is, so that a way too narrow for one is found out. */
class TestPicture {
  constructor() {
    this.canvas = Object.assign(document.createElement('canvas'), { width: size.width, height: size.height });
    this.context = this.canvas.getContext('2d');
    this.frame = 0;
    this.stream = this.canvas.captureStream(size.rate);
    this.timer = setInterval(() => this.draw(), 1000 / size.rate);
    this.draw();
  }

  draw() {
    const { context, frame } = this;
    this.frame++;
    if (!context)
      return;
    for (let i = 0; i < 240; i++) {
      context.fillStyle = `hsl(${(frame * 3 + i * 29) % 360} 60% ${20 + (frame * 7 + i * 13) % 60}%)`;
      context.fillRect((i * 97 + frame * 11) % size.width, (i * 61 + frame * 5) % size.height, 24, 24);
    }
  }

  stop() {
    clearInterval(this.timer);
    for (const track of this.stream.getTracks())
      track.stop();
  }
}

/** One trial after another. Tells 'change'. */
export class MediaEcho extends EventTarget {
  /** @param {(offer: string) => Promise<string>} ask the session's worker for an answer, both SDP */
  constructor(ask) {
    super();
    this.ask = ask;
    /** @type {EchoState} */
    this.state = 'idle';
    /** How far it is, 0 to 1. */
    this.share = 0;
    /** @type {Measured | null} */
    this.measured = null;
    /** Where it was sent to: "10.1.2.3:41000". @type {string[]} */
    this.addresses = [];
    /** Why the worker was not asked, or refused. @type {unknown} */
    this.problem = null;
    /** @type {(() => void) | null} ends what is under way */
    this.end = null;
  }

  get going() {
    return this.end !== null;
  }

  /** @param {Partial<Pick<MediaEcho, 'state' | 'share' | 'measured' | 'addresses' | 'problem'>>} what */
  set(what) {
    Object.assign(this, what);
    this.dispatchEvent(new Event('change'));
  }

  /** Ends a trial that is under way; what a former one found stays. */
  stop() {
    if (!this.end)
      return;
    this.end();
    this.set({ state: 'idle', share: 0 });
  }

  async run() {
    this.end?.();
    /** @type {RTCPeerConnection | undefined} */
    let connection;
    /** @type {TestPicture | undefined} */
    let picture;
    /** @type {AudioContext | undefined} */
    let audio;
    // A browser draws next to nothing in a page that nobody sees.
    const hidden = () => document.visibilityState === 'hidden' && this.stop();
    document.addEventListener('visibilitychange', hidden);
    const end = () => {
      if (this.end !== end)
        return;
      this.end = null;
      document.removeEventListener('visibilitychange', hidden);
      connection?.close();
      picture?.stop();
      void audio?.close();
    };
    this.end = end;
    /** @param {Parameters<MediaEcho['set']>[0]} what */
    const finish = (what) => {
      if (this.end !== end)
        return;
      end();
      this.set({ share: 1, ...what });
    };
    this.set({ state: 'connecting', share: 0, measured: null, addresses: [], problem: null });
    try {
      connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
      picture = new TestPicture();
      audio = new AudioContext();
      const reached = await this.connect(connection, picture, audio);
      const measured = reached ? await this.look(connection, () => this.end !== end) : null;
      finish({ state: !reached ? 'blocked' : measured ? 'done' : 'broken', measured });
    } catch (problem) {
      finish({ state: 'refused', problem });
    }
  }

  /**
   * @param {RTCPeerConnection} connection @param {TestPicture} picture @param {AudioContext} audio
   * @returns {Promise<boolean>} whether the way is open
   */
  async connect(connection, picture, audio) {
    const tone = audio.createMediaStreamDestination();
    const soft = new GainNode(audio, { gain: 0.05 });
    const source = new OscillatorNode(audio, { frequency: 440 });
    source.connect(soft).connect(tone);
    source.start();
    void audio.resume().catch(() => {});
    for (const track of [...tone.stream.getTracks(), ...picture.stream.getTracks()]) {
      const kind = /** @type {'audio' | 'video'} */ (track.kind);
      connection.addTransceiver(track, { direction: 'sendonly', sendEncodings: [{ maxBitrate: usualSources[kind === 'video' ? 'camera' : 'microphone'].bitrate }] })
        .setCodecPreferences(preferredCodecs(kind));
    }
    for (const kind of ['audio', 'video'])
      connection.addTransceiver(kind, { direction: 'recvonly' }).setCodecPreferences(preferredCodecs(/** @type {'audio' | 'video'} */ (kind)));
    await connection.setLocalDescription();
    const sdp = await this.ask(connection.localDescription?.sdp ?? '');
    if (connection.signalingState === 'closed')
      return false;
    this.set({ addresses: [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+)/gim)].map(([, host, port]) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)) });
    const open = new Promise((done) => {
      connection.onconnectionstatechange = () => {
        if (connection.connectionState === 'connected')
          done(true);
        else if (connection.connectionState === 'failed' || connection.connectionState === 'closed')
          done(false);
      };
      setTimeout(() => done(false), reachMs);
    });
    await connection.setRemoteDescription({ type: 'answer', sdp });
    return open;
  }

  /** @param {RTCPeerConnection} connection @param {() => boolean} ended */
  async look(connection, ended) {
    const looks = [];
    const begin = performance.now();
    this.set({ state: 'measuring' });
    for (;;) {
      await new Promise((done) => setTimeout(done, sampleMs));
      const stats = await connection.getStats();
      const passed = performance.now() - begin;
      if (ended() || connection.connectionState === 'failed' || connection.connectionState === 'closed')
        return null;
      if (passed >= settleMs)
        looks.push(readStats(stats.values()));
      this.set({ share: Math.min(1, passed / (settleMs + measureMs)) });
      if (passed >= settleMs + measureMs)
        return measure(looks);
    }
  }
}
