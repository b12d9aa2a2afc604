// SPDX-License-Identifier: LGPL-2.1-or-later
// Speech and pictures of one session: what this page sends, and where it shows what the others do.
// The messages are described in data/api/media.md.

import { MediaChannels } from './media-channels.js';
import { usualSources } from './media-sources.js';
import { Stillness, countFrames } from './media-still.js';
import { hubNow, ticks } from './time.js';

/** @typedef {import('./media-sources.js').Source} Source */
/** @typedef {{mid: string, participant: string, source: Source, on: boolean}} Place */
/**
 * What is shown of one other person, and by what it is received.
 * @typedef {{tracks: Partial<Record<Source, MediaStreamTrack>>, receivers: Partial<Record<Source, RTCRtpReceiver>>,
 *   on: Partial<Record<Source, boolean>>}} Shown
 */
/** @typedef {{participant: string, state: string, loss_in: number, loss_out: number, rtt_ms: number, jitter_ms: number}} Quality */

/** Places for so many others are offered at first; more when they are lacking. */
const firstPlaces = 3;
const morePlaces = 4;
/** What a worker takes of an offer: sections, and bytes of the message. */
const maxSections = 64;
const maxOffer = 64 * 1024;
/** What is in a message beside the description. */
const besides = 2048;
/** How often it is looked whether what is shown moves. */
const lookEvery = 200;
/** ms that a page is hidden until it is sent no pictures: who turns to another page for a moment is not to wait for them. */
const unseenAfter = 3000;
/** How often, and after how many ms each time, it is tried to send again what is wanted again. */
const wantedTries = 3;
const wantedAgain = 100;
const retryMs = [200, 500, 1000, 2000, 4000];

/** The header extension that says when a frame was taken. */
const captureTime = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

const viewEvents = ['visibilitychange', 'enterpictureinpicture', 'leavepictureinpicture'];

/** A page whose picture stands in a window of its own is seen though it is hidden. */
const isSeen = () => globalThis.document?.visibilityState !== 'hidden' || Boolean(document.pictureInPictureElement);

/** @param {'audio' | 'video'} kind */
export function preferredCodecs(kind) {
  const all = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  if (kind === 'audio')
    return all.filter((codec) => codec.mimeType === 'audio/opus');
  const ours = all.filter((codec) => codec.mimeType === 'video/VP8'
    || codec.mimeType === 'video/H264' && /packetization-mode=1/.test(codec.sdpFmtpLine ?? '') && /profile-level-id=42e0/i.test(codec.sdpFmtpLine ?? ''));
  return [...ours, ...all.filter((codec) => codec.mimeType === 'video/rtx')];
}

/** Agrees on it where the browser can: of itself none offers it. @param {any} transceiver whose types do not have it yet */
function tellCaptures(transceiver) {
  /** @type {{uri: string, direction: RTCRtpTransceiverDirection}[]} */
  const extensions = transceiver.getHeaderExtensionsToNegotiate?.() ?? [];
  if (extensions.some(({ uri }) => uri === captureTime))
    transceiver.setHeaderExtensionsToNegotiate?.(extensions.map(({ uri, direction }) => ({ uri, direction: uri === captureTime ? 'sendrecv' : direction })));
}

/** @param {RTCPeerConnection} connection @param {'audio' | 'video'} kind @param {RTCRtpTransceiverInit} init */
function addSection(connection, kind, init) {
  const transceiver = connection.addTransceiver(kind, init);
  transceiver.setCodecPreferences(preferredCodecs(kind));
  if (kind === 'video')
    tellCaptures(transceiver);
  return transceiver;
}

/**
 * How many more sections an offer may have: a voice and a picture in turn, each as long as the longest of its
 * kind is now. @param {string} sdp the newest offer @param {{audio: number, video: number}} wanted
 * @returns {{audio: number, video: number}}
 */
export function roomFor(sdp, wanted) {
  const sections = sdp.split('\r\nm=').slice(1);
  const size = (/** @type {string} */ kind) => Math.max(0, ...sections.filter((one) => one.startsWith(kind)).map((one) => JSON.stringify(one).length + 8));
  /** @type {{audio: number, video: number}} */
  const room = { audio: 0, video: 0 };
  let left = maxOffer - besides - JSON.stringify(sdp).length;
  for (let n = sections.length, more = true; more && n < maxSections;) {
    more = false;
    for (const kind of /** @type {('audio' | 'video')[]} */ (['audio', 'video']))
      if (room[kind] < wanted[kind] && n < maxSections && left >= size(kind)) {
        room[kind]++;
        n++;
        left -= size(kind);
        more = true;
      }
  }
  return room;
}

/**
 * One page's part in a session's media. Tells 'change' when what is shown, who speaks or the state
 * of a connection is another one.
 */
export class MediaClient extends EventTarget {
  /** @param {(body: Record<string, unknown>) => boolean} send to the session's worker
   * @param {{sources?: import('./media-sources.js').Sources, channels?: Record<string, import('./media-channels.js').ChannelOptions>}} [declared]
   * by the modality, by their labels */
  constructor(send, { sources = usualSources, channels = {} } = {}) {
    super();
    this.send = send;
    this.options = sources;
    /** Labels. @type {Source[]} */
    this.sources = Object.keys(sources);
    this.channels = new MediaChannels(channels);
    this.channels.addEventListener('lost', () => this.retry());
    /** Names the connection, so that what is about a former one is known as such. */
    this.token = '';
    /** @type {RTCPeerConnection | null} */
    this.connection = null;
    /** @type {Partial<Record<Source, MediaStreamTrack | null>>} */
    this.own = {};
    /** @type {Partial<Record<Source, RTCRtpTransceiver>>} */
    this.sending = {};
    /** @type {Place[]} */
    this.places = [];
    /** @type {Map<string, Shown>} by participant */
    this.people = new Map();
    /** @type {string[]} participants, loudest first */
    this.speaking = [];
    /** @type {Map<string, Quality>} by participant */
    this.quality = new Map();
    /** @type {'idle' | 'connecting' | 'open' | 'away'} */
    this.state = 'idle';
    /** Whether the other hospital can be seen and heard. */
    this.linkUp = true;
    /** Why the hub closed a connection last: 'fingerprint', 'timeout' …; null for none. */
    this.failure = /** @type {string | null} */ (null);
    this.wanted = false;
    this.failures = 0;
    /** @type {Record<'audio' | 'video', number>} */
    this.lacking = { audio: 0, video: 0 };
    /** There are more people than this page has places for: not all of them are heard and seen here. */
    this.crowded = false;
    /** An offer is under way; another one waits for its answer. */
    this.offering = false;
    this.again = false;
    /** Whether the worker was told of this connection. */
    this.offered = false;
    /** What it was told of each source. @type {Partial<Record<Source, boolean>>} */
    this.told = {};
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.stillness = new Stillness(sources);
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.watch = undefined;
    this.looking = false;
    /** Sources of which the worker said that nobody looks. @type {Partial<Record<Source, boolean>>} */
    this.unwanted = {};
    /** Senders that are being told so. @type {Set<RTCRtpSender>} */
    this.turning = new Set();
    /** Whether this page is looked at, what the worker was told of that, and whether it knows the word. */
    this.viewing = true;
    this.toldViewing = /** @type {boolean | null} */ (true);
    this.knowsViews = false;
    /** Whether the session lets anything through: what does not come then is not missed. */
    this.expecting = true;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.hiding = undefined;
    this.followView = () => this.lookWhoLooks();
    /** When the newest offer was set, in ms of performance.now(). */
    this.offeredAt = 0;
  }

  /** Begins, or begins anew. @param {Partial<Record<Source, MediaStreamTrack | null>>} own */
  open(own) {
    this.own = { ...own };
    this.wanted = true;
    clearInterval(this.watch);
    this.watch = setInterval(() => void this.look(), lookEvery);
    for (const name of viewEvents)
      globalThis.document?.addEventListener(name, this.followView);
    this.lookWhoLooks();
    this.connect();
  }

  /** Ends it: the camera's and the microphone's tracks stay the caller's. */
  close() {
    this.wanted = false;
    clearInterval(this.watch);
    clearTimeout(this.hiding);
    for (const name of viewEvents)
      globalThis.document?.removeEventListener(name, this.followView);
    this.drop();
    this.setState('idle');
  }

  /** @param {MediaClient['state']} state */
  setState(state) {
    this.state = state;
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event('change'));
  }

  drop() {
    clearTimeout(this.timer);
    if (this.connection) {
      this.connection.onconnectionstatechange = null;
      this.connection.close();
    }
    this.channels.close();
    this.connection = null;
    this.token = '';
    this.sending = {};
    this.offering = this.again = this.offered = false;
    this.told = {};
    this.unwanted = {};
    this.toldViewing = true;
    this.lacking = { audio: 0, video: 0 };
    this.crowded = false;
    this.places = [];
    this.people = new Map();
    this.stillness.forget();
    this.looking = false;
  }

  async look() {
    const connection = this.connection;
    if (!connection || this.looking || !this.people.size)
      return;
    this.looking = true;
    try {
      const stats = await connection.getStats();
      if (connection === this.connection && this.stillness.look(this.people, countFrames(stats.values()), ticks(), this.expected()))
        this.changed();
    } catch {
      // It has just been closed.
    }
    this.looking = false;
  }

  /** What would be missed if it did not come. */
  expected() {
    return !this.expecting ? [] : this.viewing ? this.sources : this.sources.filter((source) => this.options[source].voice);
  }

  /** Whether the session lets anything through. @param {boolean} on */
  expect(on) {
    if (on && !this.expecting)
      this.stillness.forget();
    this.expecting = on;
  }

  /** Somebody turned to this page, or away from it. */
  lookWhoLooks() {
    clearTimeout(this.hiding);
    if (isSeen())
      this.setViewing(true);
    else if (this.viewing)
      this.hiding = setTimeout(() => this.setViewing(false), unseenAfter);
  }

  /** @param {boolean} on */
  setViewing(on) {
    if (on && !this.viewing)
      this.stillness.forget();
    this.viewing = on;
    this.tellViewing();
  }

  /** What the worker does not know yet, if it would understand it. */
  tellViewing() {
    if (this.offered && this.knowsViews && this.toldViewing !== this.viewing
      && this.send({ type: 'media.view', connection: this.token, pictures: this.viewing }))
      this.toldViewing = this.viewing;
  }

  /** Nobody looks at what this page sends, or somebody does again: the camera stays on, nothing is
   * negotiated. @param {{source: Source, wanted: boolean}} message */
  takeDemand({ source, wanted }) {
    const sender = this.sending[source]?.sender;
    if (!sender || this.options[source].voice)
      return;
    this.unwanted[source] = !wanted;
    if (!this.turning.has(sender))
      void this.turn(source, sender);
  }

  /** The hub is away: nobody can say that a picture is wanted again. It says so anew once it is back. */
  unheard() {
    for (const source of this.sources)
      this.takeDemand({ source, wanted: true });
  }

  /** Until the newest word is followed. @param {Source} source @param {RTCRtpSender} sender */
  async turn(source, sender) {
    this.turning.add(sender);
    const follows = (/** @type {boolean} */ active) => (sender.getParameters().encodings ?? []).every((one) => (one.active ?? true) === active);
    for (let tries = 0, asked = true; this.sending[source]?.sender === sender;) {
      const active = !this.unwanted[source];
      if (follows(active))
        break;
      tries = asked === active ? tries + 1 : 1;
      asked = active;
      if (tries > wantedTries + 1) {
        // What is sent for nobody harms nobody; what is missed is begun anew.
        if (active)
          this.retry();
        break;
      }
      const parameters = sender.getParameters();
      for (const one of parameters.encodings)
        one.active = active;
      await sender.setParameters(parameters).catch((error) => console.warn(error));
      // Not every browser refuses what it does not do.
      if (!follows(active))
        await new Promise((done) => { setTimeout(done, wantedAgain); });
    }
    this.turning.delete(sender);
  }

  /** Since when nothing came of what somebody sends, by the hub's clock; undefined: it moves.
   * @param {string} participant @param {Source} source @returns {number | undefined} */
  stillSince(participant, source) {
    const since = this.stillness.since.get(participant)?.[source];
    return since === undefined ? undefined : hubNow() - (ticks() - since);
  }

  /**
   * When a frame that is shown was taken, by the clock of who sent it.
   * @param {string} participant @param {Source} source
   * @param {number | undefined} rtpTimestamp of the frame, as requestVideoFrameCallback has it in its metadata
   * @returns {number | null} ms since 1900 (NTP); null: it is not known
   */
  captureOf(participant, source, rtpTimestamp) {
    /** The newest that was shown. @type {(RTCRtpSynchronizationSource & {captureTimestamp?: number}) | undefined} */
    const newest = this.people.get(participant)?.receivers[source]?.getSynchronizationSources()[0];
    if (rtpTimestamp === undefined || newest?.captureTimestamp === undefined)
      return null;
    // By a clock of 90 kHz, whose 32 bits begin anew.
    return newest.captureTimestamp + ((rtpTimestamp - newest.rtpTimestamp) | 0) / 90;
  }

  connect() {
    this.drop();
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
    this.connection = connection;
    this.token = crypto.randomUUID();
    for (const source of this.sources) {
      const { voice, bitrate } = this.options[source];
      const transceiver = addSection(connection, voice ? 'audio' : 'video', { direction: 'sendonly', sendEncodings: [{ maxBitrate: bitrate }] });
      this.sending[source] = transceiver;
      if (this.own[source])
        void transceiver.sender.replaceTrack(/** @type {MediaStreamTrack} */ (this.own[source]));
    }
    this.addPlaces(firstPlaces, firstPlaces);
    this.channels.open(connection);
    connection.onconnectionstatechange = () => this.follow(connection);
    this.setState('connecting');
    void this.offer();
  }

  /** @param {number} audio @param {number} video */
  addPlaces(audio, video) {
    const { connection } = this;
    for (const [kind, n] of /** @type {['audio' | 'video', number][]} */ ([['audio', audio], ['video', video]]))
      for (let i = 0; connection && i < n; i++)
        addSection(connection, kind, { direction: 'recvonly' });
  }

  async offer() {
    const connection = this.connection;
    if (!connection || this.offering) {
      this.again = true;
      return;
    }
    this.offering = true;
    this.again = false;
    const offer = await connection.createOffer();
    if (connection !== this.connection)
      return;
    this.offeredAt = performance.now();
    await connection.setLocalDescription(offer);
    if (connection !== this.connection)
      return;
    const named = this.sources.map((source) => [this.sending[source]?.mid, source]).filter(([mid]) => mid);
    const off = this.sources.filter((source) => !this.isOn(source));
    const sent = this.send({
      type: 'media.offer', connection: this.token, sdp: connection.localDescription?.sdp, sources: Object.fromEntries(named), off,
    });
    this.offered = sent;
    if (sent)
      this.told = Object.fromEntries(this.sources.map((source) => [source, !off.includes(source)]));
    else
      this.retry();
  }

  /** @param {Source} source */
  isOn(source) {
    const track = this.own[source];
    // One that is muted by the system gives nothing, whatever this page wants.
    return !!track && track.enabled && !track.muted && track.readyState === 'live';
  }

  /** @param {RTCPeerConnection} connection */
  follow(connection) {
    if (connection !== this.connection)
      return;
    if (connection.connectionState === 'connected') {
      this.failures = 0;
      this.failure = null;
      this.setState('open');
    } else if (connection.connectionState === 'disconnected') {
      this.setState('away');
    } else if (connection.connectionState === 'failed' || connection.connectionState === 'closed') {
      this.retry();
    }
  }

  /** A new connection after a while, longer each time. */
  retry() {
    if (!this.wanted)
      return;
    this.drop();
    this.setState('connecting');
    this.timer = setTimeout(() => this.connect(), retryMs[Math.min(this.failures++, retryMs.length - 1)]);
  }

  /**
   * Takes what the worker sent. @param {any} message
   * @returns {boolean} whether it was for this
   */
  take(message) {
    switch (message.type) {
      case 'media.hello':
        this.knowsViews = message.views === true;
        this.greet(message.connection ?? null);
        return true;
      case 'media.demand':
        if (message.connection === this.token)
          this.takeDemand(message);
        return true;
      case 'media.answer':
        if (message.connection === this.token)
          void this.takeAnswer(message.sdp);
        return true;
      case 'media.refused':
        if (message.connection === this.token)
          console.warn(`${message.rule}: ${message.label}`);
        return true;
      case 'media.places':
        if (message.connection === this.token)
          this.takePlaces(message);
        return true;
      case 'media.connection':
        this.takeConnection(message);
        return true;
      case 'media.link':
        this.linkUp = message.up;
        this.changed();
        return true;
      case 'media.speaking':
        this.speaking = message.participants;
        this.changed();
        return true;
      case 'media.quality':
        this.quality = new Map(message.people.map((/** @type {Quality} */ one) => [one.participant, one]));
        this.changed();
        return true;
      default:
        return false;
    }
  }

  /** The worker says which connection it knows. Not this one: an offer was lost, or it is another process. An
   * answer that has not come by now was lost, too, and what was said of a source may have been. @param {string | null} connection */
  greet(connection) {
    if (!this.wanted)
      return;
    if (connection !== this.token || this.offering) {
      this.connect();
      return;
    }
    this.told = {};
    for (const source of this.sources)
      this.tellOn(source);
    this.toldViewing = null;
    this.tellViewing();
  }

  /** @param {string} sdp */
  async takeAnswer(sdp) {
    const connection = this.connection;
    if (!connection || connection.signalingState !== 'have-local-offer')
      return;
    try {
      await connection.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      console.error(error);
      this.retry();
      return;
    }
    if (connection !== this.connection)
      return;
    this.offering = false;
    this.tellViewing();
    this.show();
    if (!this.makeRoom() && this.again)
      void this.offer();
  }

  /** @param {{places: Place[], lacking_audio: number, lacking_video: number}} message */
  takePlaces(message) {
    this.places = message.places;
    this.lacking = { audio: message.lacking_audio, video: message.lacking_video };
    this.crowded &&= message.lacking_audio + message.lacking_video > 0;
    this.makeRoom();
    this.show();
  }

  /** Offers the places that are lacking, as many as an offer has room for; what is told while an offer is under
   * way waits for its answer. */
  makeRoom() {
    const { audio, video } = this.lacking;
    if (this.offering || !(audio || video))
      return false;
    const room = roomFor(this.connection?.localDescription?.sdp ?? '', { audio: Math.max(audio, morePlaces), video: Math.max(video, morePlaces) });
    this.crowded = room.audio < audio || room.video < video;
    if (!(audio && room.audio || video && room.video))
      return false;
    this.lacking = { audio: 0, video: 0 };
    this.addPlaces(room.audio, room.video);
    void this.offer();
    return true;
  }

  /** Puts the tracks of the places under the names of those who are shown there. */
  show() {
    const receivers = new Map((this.connection?.getTransceivers() ?? []).map((one) => [one.mid, one.receiver]));
    this.people = new Map();
    for (const place of this.places) {
      const receiver = receivers.get(place.mid);
      if (!receiver)
        continue;
      const shown = this.people.get(place.participant) ?? { tracks: {}, receivers: {}, on: {} };
      shown.tracks[place.source] = receiver.track;
      shown.receivers[place.source] = receiver;
      shown.on[place.source] = place.on;
      this.people.set(place.participant, shown);
    }
    this.changed();
  }

  /** @param {{participant: string, state: string, connection: string, failure?: string}} message */
  takeConnection(message) {
    if (message.connection === this.token && message.state === 'closed') {
      this.failure = message.failure ?? null;
      this.retry();
    }
    this.changed();
  }

  /** Sends another track of a source, or none. @param {Source} source @param {MediaStreamTrack | null} track */
  async replace(source, track) {
    this.own[source] = track;
    await this.sending[source]?.sender.replaceTrack(track);
    this.tellOn(source);
  }

  /** Mutes or covers, and tells the others. @param {Source} source @param {boolean} on */
  setOn(source, on) {
    const track = this.own[source];
    if (track)
      track.enabled = on;
    this.tellOn(source);
  }

  /** What the worker does not know yet. @param {Source} source */
  tellOn(source) {
    const on = this.isOn(source);
    if (this.offered && this.told[source] !== on // else the offer says it
        && this.send({ type: 'media.source', connection: this.token, source, on }))
      this.told[source] = on;
    this.changed();
  }
}
