// SPDX-License-Identifier: LGPL-2.1-or-later
// Tries this page's way to a session's worker before joining: a test picture and a soft tone go there
// and come back, so that both directions are measured on the port that the session uses. Neither
// camera nor microphone is in it.

import { preferredCodecs } from './media.js';

/**
 * What was measured of both directions.
 * @typedef {object} Measured
 * @property {number} rtt_ms the median
 * @property {number} loss_out share of packets lost on the way to the hospital
 * @property {number} loss_in and on the way back
 * @property {number} bitrate_out bit/s that the way there carries, by the browser's estimate
 * @property {number} bitrate_in bit/s that came back
 */
/** @typedef {'idle' | 'connecting' | 'measuring' | 'done' | 'blocked' | 'refused'} EchoState */

/** As a camera is sent, so that a way too narrow for one is found out. */
const bitrate = 1_500_000;
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
  const seen = { at: 0, sent: 0, lostOut: 0, received: 0, lostIn: 0, bytesIn: 0, frames: 0, rtt: 0, available: 0 };
  const pairs = new Set(all.filter((one) => one.type === 'transport').map((one) => one.selectedCandidatePairId));
  for (const one of all) {
    seen.at = Math.max(seen.at, one.timestamp ?? 0);
    if (one.type === 'outbound-rtp') {
      seen.sent += one.packetsSent ?? 0;
    } else if (one.type === 'remote-inbound-rtp') {
      seen.lostOut += one.packetsLost ?? 0;
    } else if (one.type === 'inbound-rtp') {
      seen.received += one.packetsReceived ?? 0;
      seen.lostIn += one.packetsLost ?? 0;
      seen.bytesIn += one.bytesReceived ?? 0;
      seen.frames += one.framesDecoded ?? 0;
    } else if (one.type === 'candidate-pair' && (pairs.size ? pairs.has(one.id) : one.nominated)) {
      seen.rtt = (one.currentRoundTripTime ?? 0) * 1000;
      seen.available = one.availableOutgoingBitrate ?? 0;
    }
  }
  return seen;
}

/**
 * What the looks of a trial say together; null where nothing came back.
 * @param {ReturnType<typeof readStats>[]} looks
 * @returns {Measured | null}
 */
export function measure(looks) {
  const first = looks[0], last = looks.at(-1);
  if (!first || !last || last.at <= first.at || last.received <= first.received)
    return null;
  const received = last.received - first.received, lost = last.lostIn - first.lostIn;
  return {
    rtt_ms: median(looks.map((one) => one.rtt).filter((one) => one > 0)),
    loss_out: ratio(last.lostOut - first.lostOut, last.sent - first.sent),
    loss_in: ratio(lost, received + lost),
    bitrate_out: last.available,
    bitrate_in: (last.bytesIn - first.bytesIn) * 8000 / (last.at - first.at),
  };
}

/** A picture that moves and is as hard to send as a face is. */
class TestPicture {
  constructor() {
    this.canvas = Object.assign(document.createElement('canvas'), { width: size.width, height: size.height });
    this.context = this.canvas.getContext('2d');
    this.frame = 0;
    this.stream = this.canvas.captureStream(size.rate);
    // A page in the background draws nothing by requestAnimationFrame.
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

  /** Ends a trial; what was found stays. */
  stop() {
    if (!this.end)
      return;
    this.end();
    this.set({ state: 'idle', share: 0 });
  }

  async run() {
    this.end?.();
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
    const picture = new TestPicture();
    const audio = new AudioContext();
    let ended = false;
    const end = () => {
      if (ended)
        return;
      ended = true;
      connection.close();
      picture.stop();
      void audio.close();
      if (this.end === end)
        this.end = null;
    };
    this.end = end;
    this.set({ state: 'connecting', share: 0, measured: null, addresses: [], problem: null });
    try {
      const reached = await this.connect(connection, picture, audio);
      const measured = reached && !ended ? await this.look(connection, () => ended) : null;
      if (!ended)
        this.set({ state: measured ? 'done' : 'blocked', share: 1, measured });
    } catch (problem) {
      if (!ended)
        this.set({ state: 'refused', share: 0, problem });
    }
    end();
    this.set({});
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
      connection.addTransceiver(track, { direction: 'sendonly', sendEncodings: [kind === 'video' ? { maxBitrate: bitrate } : {}] })
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
      const passed = performance.now() - begin;
      if (ended())
        return null;
      if (passed >= settleMs)
        looks.push(readStats((await connection.getStats()).values()));
      this.set({ share: Math.min(1, passed / (settleMs + measureMs)) });
      if (passed >= settleMs + measureMs)
        return measure(looks);
    }
  }
}
