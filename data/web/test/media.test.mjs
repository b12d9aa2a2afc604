// SPDX-License-Identifier: LGPL-2.1-or-later
// A page's media against a worker that is played: which offer an answer belongs to, and when to offer
// anew.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';

const turn = () => new Promise((done) => { setImmediate(done); });

/** One stream that is sent, or not; as many attempts to change that are refused as are told. */
class Sender {
  encodings = [{ active: true }];
  refusals = 0;
  async replaceTrack() {}

  /** A browser that takes what it is told, and does not do it. */
  deaf = false;
  told = 0;

  getParameters() { return { encodings: this.encodings.map((one) => ({ ...one })) }; }

  async setParameters(/** @type {any} */ parameters) {
    await turn();
    if (this.refusals-- > 0)
      throw new Error('not now');
    this.told++;
    if (!this.deaf)
      this.encodings = parameters.encodings;
    if (this.told > 100)
      this.encodings = parameters.encodings; // or the test would not end, either
  }
}

/** What a page needs of a browser's connection; it counts what is applied to it. */
class Connection {
  signalingState = 'stable';
  connectionState = 'new';
  /** @type {string[]} */
  applied = [];
  /** @type {any[]} */
  transceivers = [];
  /** Header extensions that it can be told to negotiate; null: it cannot be told. @type {{uri: string, direction: string}[] | null} */
  static extensions = null;
  addTransceiver(/** @type {string} */ kind) {
    const one = { mid: String(this.transceivers.length), receiver: { track: { kind } }, sender: new Sender(), setCodecPreferences() {} };
    if (Connection.extensions)
      Object.assign(one, {
        extensions: Connection.extensions,
        getHeaderExtensionsToNegotiate() { return this.extensions; },
        setHeaderExtensionsToNegotiate(/** @type {any[]} */ told) {
          assert.deepEqual(told.map(({ uri }) => uri), this.extensions.map(({ uri }) => uri), 'a browser refuses others');
          this.extensions = told;
        },
      });
    this.transceivers.push(one);
    return one;
  }

  getTransceivers() { return this.transceivers; }

  async createOffer() {
    this.offered = this.transceivers.map(({ extensions }) => extensions);
    return { sdp: 'an offer' };
  }

  async setLocalDescription(/** @type {any} */ offer) {
    this.localDescription = offer;
    this.signalingState = 'have-local-offer';
  }

  async setRemoteDescription(/** @type {any} */ answer) {
    await turn();
    if (this.signalingState !== 'have-local-offer')
      throw new Error(`wrong state: ${this.signalingState}`);
    this.signalingState = 'stable';
    this.applied.push(answer.sdp);
  }

  close() { this.signalingState = 'closed'; }
}
globalThis.crypto ??= /** @type {any} */ (webcrypto); // Node 18 has it elsewhere
Object.assign(globalThis, { RTCPeerConnection: Connection, RTCRtpReceiver: { getCapabilities: () => ({ codecs: [] }) } });
const { MediaClient } = await import('../src/media.js');

/** A page that has begun, and the offers that it sent. */
async function begin() {
  /** @type {any[]} */
  const offers = [];
  const client = new MediaClient((body) => {
    if (body.type === 'media.offer')
      offers.push(body.connection);
    return true;
  });
  client.open({});
  await turn();
  assert.equal(offers.length, 1);
  return { client, offers, connection: () => /** @type {any} */ (client.connection) };
}

test('an answer to the offer of a former connection is not taken for the new one', async () => {
  const { client, offers, connection } = await begin();
  client.take({ type: 'media.hello' });
  await turn();
  assert.equal(offers.length, 2);
  assert.notEqual(offers[0], offers[1]);
  client.take({ type: 'media.answer', connection: offers[0], sdp: 'first' });
  client.take({ type: 'media.answer', connection: offers[1], sdp: 'second' });
  await turn();
  await turn();
  assert.deepEqual(connection().applied, ['second']);
  assert.equal(client.offering, false);
  assert.equal(client.failures, 0);
  client.close();
});

test('a connection that the worker knows is kept, unless its answer was lost', async () => {
  const { client, offers, connection } = await begin();
  client.take({ type: 'media.answer', connection: offers[0], sdp: 'answer' });
  await turn();
  await turn();
  const kept = connection();
  client.take({ type: 'media.hello', connection: offers[0] });
  await turn();
  assert.equal(connection(), kept);
  assert.equal(offers.length, 1);
  // More places are lacking: an offer goes out, and the hub dies with its answer.
  client.take({ type: 'media.places', connection: offers[0], places: [], lacking_audio: 1, lacking_video: 1 });
  await turn();
  assert.equal(offers.length, 2);
  client.take({ type: 'media.hello', connection: offers[0] });
  await turn();
  assert.equal(offers.length, 3);
  assert.notEqual(connection(), kept);
  client.close();
});

test('an offer that was lost is made again, and the end of a former connection is none of this one', async () => {
  const { client, offers, connection } = await begin();
  client.take({ type: 'media.hello', connection: 'one before that' });
  await turn();
  assert.equal(offers.length, 2);
  const now = connection();
  client.take({ type: 'media.connection', connection: offers[0], state: 'closed' });
  await turn();
  assert.equal(connection(), now);
  client.take({ type: 'media.connection', connection: offers[1], state: 'closed', failure: 'timeout' });
  assert.equal(client.connection, null);
  assert.equal(client.failure, 'timeout');
  client.close();
});

test('what was said of a source while the hub was away is said again', async () => {
  /** @type {any[]} */
  const told = [];
  let there = true;
  const client = new MediaClient((body) => {
    if (there && body.type === 'media.source')
      told.push([body.source, body.on]);
    return there;
  });
  const microphone = { kind: 'audio', enabled: false, readyState: 'live' };
  client.open(/** @type {any} */ ({ microphone }));
  await turn();
  client.take({ type: 'media.answer', connection: client.token, sdp: 'answer' });
  await turn();
  await turn();
  there = false;
  client.setOn('microphone', true);
  there = true;
  assert.deepEqual(told, []);
  client.take({ type: 'media.hello', connection: client.token });
  assert.deepEqual(told.filter(([source]) => source === 'microphone'), [['microphone', true]]);
  told.length = 0;
  client.tellOn('microphone');
  assert.deepEqual(told, [], 'once is enough');
  client.setOn('microphone', false);
  assert.deepEqual(told, [['microphone', false]]);
  client.close();
});

test('what the system mutes is told to be off, and on again', async () => {
  /** @type {any[]} */
  const told = [];
  const client = new MediaClient((body) => {
    if (body.type === 'media.source')
      told.push([body.source, body.on]);
    return true;
  });
  const microphone = { kind: 'audio', enabled: true, muted: false, readyState: 'live' };
  client.open(/** @type {any} */ ({ microphone }));
  await turn();
  client.take({ type: 'media.answer', connection: client.token, sdp: 'answer' });
  await turn();
  microphone.muted = true;
  client.tellOn('microphone');
  microphone.muted = false;
  client.tellOn('microphone');
  assert.deepEqual(told, [['microphone', false], ['microphone', true]]);
  client.close();
});

test('places that are lacking are offered though an answer was not taken yet', async () => {
  const { client, offers, connection } = await begin();
  const before = connection().transceivers.length;
  client.take({ type: 'media.answer', connection: offers[0], sdp: 'answer' });
  client.take({ type: 'media.places', connection: offers[0], places: [], lacking_audio: 1, lacking_video: 1 });
  await turn();
  await turn();
  assert.equal(offers.length, 2);
  assert.equal(connection().transceivers.length, before + 8);
  client.close();
});

/** A page that has its answer, and what is made of the camera's stream. */
async function answered() {
  const page = await begin();
  const { client, offers } = page;
  client.take({ type: 'media.answer', connection: offers[0], sdp: 'answer' });
  await turn();
  await turn();
  const sender = () => /** @type {any} */ (client.sending.camera).sender;
  return { ...page, sender, active: () => sender().encodings[0].active };
}

test('a picture that nobody looks at is not sent, and again at once when somebody does', async () => {
  const { client, connection, active } = await answered();
  const demand = (/** @type {boolean} */ wanted, source = 'camera', token = client.token) => client.take({ type: 'media.demand', connection: token, source, wanted });
  const kept = connection();
  assert.equal(demand(false, 'camera', 'a former connection'), true);
  demand(false, 'microphone');
  await turn();
  assert.equal(active(), true);
  assert.equal(/** @type {any} */ (client.sending.microphone).sender.encodings[0].active, true, 'speech always is');
  demand(false);
  await turn();
  await turn();
  assert.equal(active(), false);
  // The last word counts, though one before it is still being followed.
  demand(true);
  demand(false);
  demand(true);
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(active(), true);
  demand(false);
  demand(true);
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(active(), true);
  demand(false);
  for (let i = 0; i < 3; i++) await turn();
  client.unheard();
  for (let i = 0; i < 3; i++) await turn();
  assert.equal(active(), true, 'the hub is away');
  assert.equal(connection(), kept);
  client.close();
});

test('what is wanted again and cannot be sent is tried again, then begun anew; another connection sends', async () => {
  const { client, offers, sender, active, connection } = await answered();
  const demand = (/** @type {boolean} */ wanted) => client.take({ type: 'media.demand', connection: client.token, source: 'camera', wanted });
  const kept = connection();
  demand(false);
  for (let i = 0; i < 3; i++) await turn();
  sender().refusals = 2;
  const { warn } = console;
  console.warn = () => {};
  demand(true);
  await new Promise((done) => { setTimeout(done, 300); });
  assert.equal(active(), true);
  assert.equal(connection(), kept);
  demand(false);
  for (let i = 0; i < 3; i++) await turn();
  sender().refusals = 100;
  demand(true);
  await new Promise((done) => { setTimeout(done, 800); });
  console.warn = warn;
  assert.notEqual(connection(), kept);
  assert.equal(offers.length, 2);
  assert.equal(active(), true);
  client.close();
});

test('a browser that does not stop sending, whatever it says, is left alone', async () => {
  const { client, connection, sender } = await answered();
  const kept = connection();
  sender().deaf = true;
  client.take({ type: 'media.demand', connection: client.token, source: 'camera', wanted: false });
  await new Promise((done) => { setTimeout(done, 600); });
  assert.ok(sender().told > 0 && sender().told < 10, `told ${sender().told} times`);
  client.take({ type: 'media.demand', connection: client.token, source: 'camera', wanted: true });
  await turn();
  assert.equal(connection(), kept, 'it has gone on sending');
  // Nor has one that does not know the word.
  sender().encodings = [{}];
  sender().told = 0;
  client.take({ type: 'media.demand', connection: client.token, source: 'camera', wanted: true });
  await turn();
  assert.equal(sender().told, 0);
  client.close();
});

test('a worker that knows the word is told that a page is hidden, in each connection and after each gap', async () => {
  /** @type {any[]} */
  const told = [];
  let there = true;
  const client = new MediaClient((body) => {
    if (there && body.type === 'media.view')
      told.push(body.pictures);
    return there;
  });
  client.open({});
  await turn();
  client.take({ type: 'media.answer', connection: client.token, sdp: 'answer' });
  await turn();
  client.setViewing(false);
  assert.deepEqual(told, [], 'an older worker');
  client.take({ type: 'media.hello', connection: client.token, views: true });
  assert.deepEqual(told.splice(0), [false]);
  assert.deepEqual(client.expected(), ['microphone']);
  there = false;
  client.setViewing(true);
  there = true;
  client.take({ type: 'media.hello', connection: client.token, views: true });
  assert.deepEqual(told.splice(0), [true]);
  assert.deepEqual(client.expected(), ['microphone', 'camera', 'screen']);
  client.setViewing(false);
  client.setViewing(false);
  assert.deepEqual(told.splice(0), [false]);
  client.take({ type: 'media.hello', connection: null, views: true });
  await turn();
  client.take({ type: 'media.answer', connection: client.token, sdp: 'answer' });
  await turn();
  await turn();
  assert.deepEqual(told.splice(0), [false], 'another connection');
  client.expect(false);
  assert.deepEqual(client.expected(), [], 'what the session does not let through');
  client.close();
});

test('of more people than an offer has room for, as many are offered places as it has, and that is said', async () => {
  const { client, connection } = await begin();
  const sizes = { audio: 700, video: 1600 };
  /** @type {any[]} */
  const sent = [];
  client.send = (body) => sent.push(body) > 0;
  const written = async () => ({
    sdp: `v=0${connection().transceivers.map((/** @type {any} */ one) => {
      const { kind } = one.receiver.track;
      return `\r\nm=${kind}${' '.repeat(sizes[/** @type {'audio' | 'video'} */ (kind)])}`;
    }).join('')}`,
  });
  const answer = async () => {
    client.take({ type: 'media.answer', connection: client.token, sdp: 'answer' });
    for (let i = 0; i < 5; i++) await turn();
  };
  const places = (/** @type {number} */ audio, /** @type {number} */ video) => client.take({
    type: 'media.places', connection: client.token, places: [], lacking_audio: audio, lacking_video: video });
  for (const [video, lacking] of [[1600, 40], [2, 80], [1600, 31]]) {
    sizes.video = video;
    client.take({ type: 'media.hello', connection: null });
    connection().createOffer = written;
    await turn();
    connection().localDescription = await written();
    sent.length = 0;
    await answer();
    places(lacking, lacking);
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(client.crowded, true);
    for (let i = 0; i < 10; i++) {
      await answer();
      places(lacking, lacking);
      for (let j = 0; j < 5; j++) await turn();
    }
    const offers = sent.filter((one) => one.type === 'media.offer');
    assert.ok(offers.length >= 1 && offers.length <= 2, `${offers.length} offers`);
    const last = offers.at(-1);
    assert.ok(JSON.stringify(last).length <= 65536 - 512, `${JSON.stringify(last).length} bytes`);
    const kinds = connection().transceivers.map((/** @type {any} */ one) => one.receiver.track.kind);
    assert.ok(kinds.length <= 64, `${kinds.length} sections`);
    assert.ok(kinds.length > (video === 2 ? 60 : 40), `${kinds.length} sections`);
    // Voices and pictures alike.
    assert.ok(Math.abs(kinds.filter((/** @type {string} */ kind) => kind === 'audio').length * 2 - kinds.length) <= 3);
    places(0, 0);
    assert.equal(client.crowded, false);
  }
  client.close();
});

test('that frames say when they were taken is offered where the browser can, each way', async () => {
  const capture = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';
  const told = (/** @type {string} */ direction) => [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', direction: 'sendrecv' }, { uri: capture, direction }, { uri: 'another', direction: 'stopped' }];
  Connection.extensions = told('stopped');
  const { client, offers, connection } = await begin();
  const fits = () => {
    const { offered, transceivers } = connection();
    assert.equal(offered.length, transceivers.length);
    for (const [i, { receiver }] of transceivers.entries())
      assert.deepEqual(offered[i], told(receiver.track.kind === 'video' ? 'sendrecv' : 'stopped'));
  };
  fits();
  client.take({ type: 'media.places', connection: offers[0], places: [], lacking_audio: 1, lacking_video: 1 });
  client.take({ type: 'media.answer', connection: offers[0], sdp: 'answer' });
  for (let i = 0; i < 3; i++) await turn();
  assert.equal(offers.length, 2);
  fits();
  client.close();
  // A browser that does not have it.
  Connection.extensions = told('stopped').filter(({ uri }) => uri !== capture);
  const without = await begin();
  assert.deepEqual(new Set(without.connection().offered), new Set([Connection.extensions]));
  without.client.close();
  Connection.extensions = null;
});

test('when a frame was taken goes by the newest of its sender that was shown', async () => {
  const { client, offers, connection } = await answered();
  const mids = connection().transceivers.filter((/** @type {any} */ one) => one.receiver.track.kind === 'video').map((/** @type {any} */ one) => one.mid);
  const place = (/** @type {string} */ mid, /** @type {string} */ participant) => ({ mid, participant, source: 'camera', on: true });
  /** @type {any[]} */
  let sources = [];
  connection().transceivers.find((/** @type {any} */ one) => one.mid === mids[3]).receiver.getSynchronizationSources = () => sources;
  connection().transceivers.find((/** @type {any} */ one) => one.mid === mids[4]).receiver.getSynchronizationSources = () => [{ rtpTimestamp: 7, captureTimestamp: 1 }];
  client.take({ type: 'media.places', connection: offers[0], places: [place(mids[3], 'one'), place(mids[4], 'other')], lacking_audio: 0, lacking_video: 0 });
  const of = (/** @type {number | undefined} */ rtp, participant = 'one', source = 'camera') => client.captureOf(participant, source, rtp);
  assert.equal(of(9000), null, 'nothing has come');
  sources = [{ rtpTimestamp: 9000 }];
  assert.equal(of(9000), null, 'it did not say');
  const at = 3_900_000_000_000;
  sources = [{ rtpTimestamp: 9000, captureTimestamp: at }, { rtpTimestamp: 1, captureTimestamp: 1 }];
  assert.deepEqual([of(9000), of(18000), of(0)], [at, at + 100, at - 100]);
  // The numbers begin anew.
  sources = [{ rtpTimestamp: 0xffff_ff00, captureTimestamp: at }];
  assert.deepEqual([of(0xffff_ff00 - 90), of(0x68)], [at - 1, at + 4]);
  sources = [{ rtpTimestamp: 0x68, captureTimestamp: at }];
  assert.equal(of(0xffff_ff00), at - 4);
  assert.equal(of(97, 'other'), 2);
  assert.deepEqual([of(9000, 'nobody'), of(9000, 'one', 'screen'), of(undefined)], [null, null, null]);
  client.close();
});
