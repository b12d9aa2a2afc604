// SPDX-License-Identifier: LGPL-2.1-or-later
// This page's devices in a browser that is played: what is asked for, what is kept and what is ended.

import assert from 'node:assert/strict';
import { test } from 'node:test';

/** What a browser gives of one device. */
class Track {
  enabled = true;
  muted = false;
  readyState = 'live';
  /** @type {(() => void) | null} */
  onended = null;

  constructor(/** @type {string} */ kind, /** @type {Record<string, unknown>} */ settings = {}) {
    Object.assign(this, { kind, settings });
  }

  getSettings() { return this.settings; }

  /** @type {any[]} */
  applied = [];
  /** @type {any} */
  capabilities = {};

  getCapabilities() { return this.capabilities; }

  async applyConstraints(/** @type {any} */ constraints) {
    if (this.capabilities.stuck)
      throw new DOMException('', 'OverconstrainedError');
    this.applied.push(constraints);
  }

  stop() { this.readyState = 'ended'; }
}

/** A browser: what somebody lets it give, and what it was asked for. */
const browser = {
  /** @type {any[]} */
  asked: [],
  /** Names of permissions that were looked at. @type {string[]} */
  looked: [],
  /** @type {Record<string, string>} */
  permissions: {},
  /** What it says instead of giving a device. @type {(constraints: any) => string | undefined} */
  refuse: () => undefined,
  /** What comes before an answer. @type {Promise<void>} */
  wait: Promise.resolve(),
  /** @type {Track[]} */
  given: [],
  /** Which way all of its cameras look. @type {string | undefined} */
  faces: undefined,
  /** @type {any[]} */
  devices: [],
  /** @type {Map<string, string>} */
  kept: new Map(),
  reset() {
    Object.assign(this, { asked: [], looked: [], permissions: {}, refuse: () => undefined, wait: Promise.resolve(), given: [], faces: undefined, devices: [], kept: new Map() });
  },
};
const mediaDevices = {
  addEventListener() {},
  async enumerateDevices() { return browser.devices; },
  async getUserMedia(/** @type {any} */ constraints) {
    browser.asked.push(constraints);
    await browser.wait;
    const name = browser.refuse(constraints);
    if (name)
      throw new DOMException('', name);
    const tracks = [];
    if (constraints.audio)
      tracks.push(new Track('audio'));
    if (constraints.video)
      tracks.push(new Track('video', { deviceId: constraints.video.deviceId?.ideal ?? 'first', facingMode: browser.faces ?? constraints.video.facingMode?.ideal }));
    browser.given.push(...tracks);
    return { getTracks: () => tracks };
  },
};
const permissions = {
  async query({ name }) {
    browser.looked.push(name);
    return { state: browser.permissions[name] ?? 'prompt' };
  },
};
for (const [name, value] of Object.entries({
  HTMLMediaElement: class {},
  navigator: { mediaDevices, permissions },
  localStorage: { getItem: (key) => browser.kept.get(key) ?? null, setItem: (key, value) => browser.kept.set(key, value) },
}))
  Object.defineProperty(globalThis, name, { value, configurable: true });
const { Devices, loudness } = await import('../src/media-devices.js');
const { deviceProblem } = await import('../src/media-device-parts.js');

const usual = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const voice = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** @param {ConstructorParameters<typeof Devices>[0]} [options] */
function begin(options) {
  browser.reset();
  return new Devices(options);
}

test('what is wrong with a device is said, with what to do', () => {
  const said = (name, source = 'camera') => deviceProblem(name, source).text;
  assert.equal(said('NotAllowedError'), 'This page may not use the camera.');
  assert.equal(said('NotAllowedError', 'screen'), 'This page may not share the screen.');
  assert.equal(said('NotFoundError', 'microphone'), 'No microphone was found.');
  assert.equal(said('NotReadableError'), 'The camera is in use by another program.');
  assert.equal(said('gone', 'microphone'), 'The microphone was unplugged.');
  assert.equal(said('insecure'), 'The camera needs a secure address.');
  assert.equal(said('TypeError'), 'The camera does not work.');
  assert.equal(said('NotFoundError', 'screen'), 'The screen cannot be shared.');
  // Whatever a modality calls its picture.
  assert.equal(said('NotFoundError', 'scene'), 'No camera was found.');
  assert.equal(said('TypeError', 'scene'), 'The camera does not work.');
  for (const name of ['NotAllowedError', 'NotFoundError', 'NotReadableError', 'gone', 'insecure', ''])
    assert.ok(deviceProblem(name, 'camera').help.length > 20);
});

test('loudness goes by the ear', () => {
  assert.equal(loudness(new Float32Array(8)), 0);
  assert.equal(loudness(new Float32Array()), 0);
  assert.equal(loudness(new Float32Array(8).fill(1)), 1);
  const [soft, loud] = [0.01, 0.1].map((level) => loudness(new Float32Array(8).fill(level)));
  assert.ok(soft > 0.3 && soft < loud && loud < 0.8);
});

test('a camera and a microphone are asked for at once, and stopped', async () => {
  const devices = begin();
  await devices.open();
  assert.deepEqual(browser.asked, [{ video: usual, audio: voice }]);
  assert.deepEqual(Object.values(devices.tracks), [browser.given[1], browser.given[0]]);
  assert.deepEqual([devices.isOn('camera'), devices.isOn('microphone')], [true, true]);
  await devices.set('microphone', true);
  assert.equal(browser.kept.size, 0, 'nobody said where');
  devices.stop();
  assert.deepEqual(browser.given.map((one) => one.readyState), ['ended', 'ended']);
  assert.deepEqual(devices.tracks, { camera: null, microphone: null });
});

test('a picture of another name comes from a camera, too', async () => {
  const devices = begin({ picture: 'scene', video: { width: { ideal: 1920 } }, memory: 'test' });
  browser.devices = [{ kind: 'videoinput', deviceId: 'back' }, { kind: 'audioinput', deviceId: 'voice' }, { kind: 'audiooutput', deviceId: 'loud' }];
  assert.equal(await devices.allowed(), false);
  assert.deepEqual(browser.looked, ['camera', 'microphone']);
  browser.permissions = { camera: 'granted', microphone: 'granted' };
  assert.equal(await devices.allowed(), true);
  await devices.open();
  assert.deepEqual(browser.asked, [{ video: { width: { ideal: 1920 } }, audio: voice }]);
  assert.equal(devices.tracks.scene, browser.given[1]);
  assert.equal(devices.tracks.camera, undefined);
  assert.deepEqual(['scene', 'microphone', 'speaker'].map((one) => devices.choices(one).map(({ deviceId }) => deviceId)), [['back'], ['voice'], ['loud']]);
  await devices.choose('scene', 'back');
  assert.deepEqual(browser.asked[1], { video: { width: { ideal: 1920 }, deviceId: { ideal: 'back' } }, audio: false });
  assert.equal(browser.given[1].readyState, 'ended', 'many cameras serve one taker at a time');
  assert.equal(devices.used('scene'), 'back');
  await devices.set('scene', false);
  assert.equal(browser.given[2].readyState, 'ended', 'its light goes out');
  await devices.set('microphone', false);
  assert.deepEqual([browser.given[0].readyState, browser.given[0].enabled], ['live', false]);
  assert.deepEqual(JSON.parse(browser.kept.get('test') ?? ''), { chosen: { scene: 'back' }, wants: { scene: false, microphone: false } });
  const again = new Devices({ picture: 'scene', memory: 'test' });
  assert.deepEqual([again.chosen, again.wants], [{ scene: 'back' }, { scene: false, microphone: false }]);
  again.stop();
  devices.stop();
});

test('who refused the camera is asked for the microphone alone', async () => {
  const devices = begin({ picture: 'scene' });
  browser.permissions = { camera: 'denied' };
  browser.refuse = ({ video }) => (video ? 'NotAllowedError' : undefined);
  await devices.open();
  assert.deepEqual(browser.asked.map(({ video, audio }) => [Boolean(video), Boolean(audio)]), [[true, true], [false, true]]);
  assert.deepEqual(devices.problems, { scene: 'NotAllowedError' });
  assert.equal(devices.tracks.microphone?.readyState, 'live');
  devices.stop();
});

test('a picture that was turned off while the browser asked is stopped as it comes', async () => {
  const devices = begin({ picture: 'scene' });
  let answer = () => {};
  browser.wait = new Promise((done) => { answer = done; });
  const opened = devices.open();
  await devices.set('scene', false);
  answer();
  await opened;
  assert.equal(devices.tracks.scene, null);
  assert.deepEqual(browser.given.map((one) => one.readyState), ['live', 'ended']);
  devices.stop();
});

test('who chooses a camera while the browser asks does not lose the microphone', async () => {
  const devices = begin({ picture: 'scene' });
  let answer = () => {};
  browser.wait = new Promise((done) => { answer = done; });
  const opened = devices.open();
  const chosen = devices.choose('scene', 'back');
  answer();
  await Promise.all([opened, chosen]);
  assert.equal(devices.tracks.microphone?.readyState, 'live');
  assert.equal(devices.used('scene'), 'back');
  assert.deepEqual(browser.given.map((one) => one.readyState), ['ended', 'ended', 'live', 'live']);
  assert.equal(devices.asking, false);
  devices.stop();
});

test('what was refused, or asked for before all was off, is not asked for again', async () => {
  const devices = begin({ picture: 'scene' });
  browser.permissions = { microphone: 'denied' };
  browser.refuse = ({ audio }) => (audio ? 'NotAllowedError' : undefined);
  await devices.open();
  browser.asked = [];
  await devices.choose('scene', 'back');
  assert.deepEqual(browser.asked.map(({ audio }) => audio), [false]);
  void devices.open();
  devices.stop();
  browser.asked = [];
  await devices.open(['scene']);
  assert.deepEqual(browser.asked.map(({ audio }) => audio), [false]);
  devices.stop();
});

test('nobody is asked for what is left once all is off', async () => {
  const devices = begin();
  let answer = () => {};
  browser.refuse = () => {
    browser.wait = new Promise((done) => { answer = done; });
    return 'NotReadableError';
  };
  const opened = devices.open();
  while (browser.asked.length < 2) // both at once, then one of them
    await new Promise((done) => { setImmediate(done); });
  devices.stop();
  answer();
  await opened;
  assert.equal(browser.asked.length, 2);
  assert.deepEqual(devices.problems, {});
});

test('a device that is unplugged is said to be gone', async () => {
  const devices = begin({ picture: 'scene' });
  await devices.open();
  browser.given[1].onended?.();
  assert.deepEqual([devices.problems, devices.tracks.scene], [{ scene: 'gone' }, null]);
  devices.stop();
});

test('what is no device takes the place of the camera, and is stopped as one', async () => {
  const devices = begin({ picture: 'scene', memory: 'test' });
  const prepared = () => /** @type {any} */ (new Track('video', { deviceId: 'a canvas' }));
  await devices.open();
  const [voiceTrack, camera] = browser.given;
  const first = prepared();
  devices.use(first);
  assert.equal(camera.readyState, 'ended');
  assert.deepEqual([devices.tracks.scene === first, devices.isOn('scene'), devices.isPrepared('scene'), devices.used('scene')], [true, true, true, '']);
  devices.use(first);
  assert.equal(first.readyState, 'live', 'once is enough');
  // Nothing else is asked for in its place.
  await devices.open();
  assert.deepEqual(browser.asked.slice(1), [{ video: false, audio: voice }]);
  assert.deepEqual([devices.tracks.scene, voiceTrack.readyState], [first, 'ended']);
  first.muted = true;
  assert.deepEqual([devices.isOn('scene'), devices.isMutedBySystem('scene')], [false, false]);
  await devices.choose('scene', 'back');
  assert.deepEqual([first.readyState, devices.isPrepared('scene'), devices.used('scene')], ['ended', false, 'back']);
  const second = prepared();
  devices.use(second);
  await devices.set('scene', false);
  assert.deepEqual([second.readyState, devices.tracks.scene], ['ended', null]);
  await devices.set('scene', true);
  assert.equal(devices.used('scene'), 'back', 'the camera again');
  await devices.set('scene', false);
  const third = prepared();
  devices.use(third);
  assert.deepEqual([devices.isOn('scene'), JSON.parse(browser.kept.get('test') ?? '')], [true, { chosen: { scene: 'back' }, wants: { scene: true, microphone: true } }]);
  devices.stop();
  assert.deepEqual([third.readyState, devices.isPrepared('scene')], ['ended', false]);
});

test('a camera that comes after what was taken in its place is stopped, the microphone is not', async () => {
  const devices = begin({ picture: 'scene' });
  let answer = () => {};
  browser.wait = new Promise((done) => { answer = done; });
  const opened = devices.open();
  const prepared = /** @type {any} */ (new Track('video'));
  devices.use(prepared);
  answer();
  await opened;
  assert.deepEqual(browser.given.map((one) => one.readyState), ['live', 'ended']);
  assert.equal(devices.tracks.scene, prepared);
  assert.deepEqual([devices.asking, devices.problems], [false, {}]);
  devices.stop();
});

test('a camera that fails after something was taken in its place is not missed', async () => {
  const devices = begin({ picture: 'scene' });
  browser.refuse = () => 'NotReadableError';
  const opened = devices.open(['scene']);
  devices.use(/** @type {any} */ (new Track('video')));
  await opened;
  assert.deepEqual(devices.problems, {});
  devices.stop();
});

test('what is no device is not said to be unplugged when it ends', async () => {
  const devices = begin({ picture: 'scene' });
  const prepared = /** @type {any} */ (new Track('video'));
  devices.use(prepared);
  prepared.onended();
  assert.deepEqual([devices.problems, devices.tracks.scene, devices.isPrepared('scene')], [{}, null, false]);
  await devices.open();
  assert.equal(devices.tracks.scene, browser.given[1]);
  devices.stop();
});

test('the camera that looks the other way is taken, and remembered', async () => {
  const options = { picture: 'scene', video: /** @type {any} */ ({ facingMode: { ideal: 'environment' } }), memory: 'test' };
  const devices = begin(options);
  const asked = () => browser.asked.splice(0).map(({ video }) => video);
  await devices.open(['scene']);
  await devices.flip();
  await devices.flip();
  assert.deepEqual(asked(), ['environment', 'user', 'environment'].map((ideal) => ({ facingMode: { ideal } })));
  assert.deepEqual(browser.given.map((one) => one.readyState), ['ended', 'ended', 'live']);
  await devices.flip();
  const again = new Devices(options);
  await again.open(['scene']);
  assert.deepEqual(asked(), ['user', 'user'].map((ideal) => ({ facingMode: { ideal } })));
  again.stop();
  // A camera that was chosen looks where it looks, and the other way is another one.
  browser.faces = 'user';
  await devices.choose('scene', 'front');
  await devices.flip();
  await devices.open(['scene']);
  assert.deepEqual(asked(), [{ deviceId: { ideal: 'front' } }, ...['environment', 'environment'].map((ideal) => ({ facingMode: { ideal } }))]);
  await devices.set('scene', false);
  await devices.flip();
  assert.deepEqual(asked(), [], 'it is off');
  await devices.set('scene', true);
  assert.deepEqual(asked(), [{ facingMode: { ideal: 'user' } }]);
  devices.stop();
});

test('where nobody says which way a camera looks, the first other way is out', async () => {
  const devices = begin();
  await devices.open(['camera']);
  await devices.flip();
  await devices.open(['microphone']);
  assert.deepEqual(browser.asked.map(({ video, audio }) => video || audio), [usual, { ...usual, facingMode: { ideal: 'environment' } }, voice]);
  devices.stop();
});

test('the light of a camera that has one is turned on and off', async () => {
  const devices = begin({ picture: 'scene' });
  assert.deepEqual([devices.hasTorch, await devices.setTorch(true)], [false, false], 'no camera');
  await devices.open();
  const camera = browser.given[1];
  assert.deepEqual([devices.hasTorch, await devices.setTorch(true), devices.torch, camera.applied], [false, false, false, []], 'no light');
  camera.capabilities = { torch: true };
  assert.equal(devices.hasTorch, true);
  camera.capabilities = { torch: [false, true] };
  assert.deepEqual([devices.hasTorch, await devices.setTorch(true), devices.torch], [true, true, true]);
  assert.equal(await devices.setTorch(false), true);
  assert.deepEqual([camera.applied, devices.torch], [[{ advanced: [{ torch: true }] }, { advanced: [{ torch: false }] }], false]);
  await devices.setTorch(true);
  camera.capabilities = { torch: [true], stuck: true };
  assert.deepEqual([await devices.setTorch(false), devices.torch], [false, true], 'the camera refused');
  await devices.flip();
  assert.deepEqual([devices.torch, devices.hasTorch], [false, false], 'another camera');
  camera.getCapabilities = /** @type {any} */ (undefined);
  devices.use(/** @type {any} */ (camera));
  assert.equal(devices.hasTorch, false, 'a browser that does not say');
  devices.stop();
});
