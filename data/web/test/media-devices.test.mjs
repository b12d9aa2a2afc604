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
  /** @type {any[]} */
  devices: [],
  /** @type {Map<string, string>} */
  kept: new Map(),
  reset() {
    Object.assign(this, { asked: [], looked: [], permissions: {}, refuse: () => undefined, wait: Promise.resolve(), given: [], devices: [], kept: new Map() });
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
      tracks.push(new Track('video', { deviceId: constraints.video.deviceId?.ideal ?? 'first', facingMode: constraints.video.facingMode?.ideal }));
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

test('a device that is unplugged is said to be gone', async () => {
  const devices = begin({ picture: 'scene' });
  await devices.open();
  browser.given[1].onended?.();
  assert.deepEqual([devices.problems, devices.tracks.scene], [{ scene: 'gone' }, null]);
  devices.stop();
});
