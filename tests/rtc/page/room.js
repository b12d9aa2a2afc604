// SPDX-License-Identifier: LGPL-2.1-or-later
// A page with nothing but a room's media, and what a test wants to know of it.
import { MediaClient } from '/media.js';
import { MediaEcho } from '/media-echo.js';

const socket = new WebSocket(`ws://${location.host}/socket`);
/** With data channels: the marks, the pointer and bytes, and one that the room does not have. */
const channels = location.hash === '#channels' ? { marks: {}, pointer: { once: true }, bytes: { binary: true }, gossip: {} } : {};
const client = new MediaClient((body) => {
  if (socket.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(body));
  return true;
}, { channels });
const room = { client, participant: '', refused: [], echoed: /** @type {{label: string, data: unknown, at: number}[]} */ ([]), rules: [], firstFrame: 0, messages: 0, through: '' };
const elements = new Map();
/** Takes the next answer of a connection that is not the client's, by its token. */
const answers = new Map();

/** Every track that is shown is played, so that it is decoded. */
client.addEventListener('change', () => {
  for (const [who, shown] of client.people)
    for (const [source, track] of Object.entries(shown.tracks)) {
      const key = `${who} ${source}`;
      if (elements.get(key)?.srcObject.getTracks()[0] === track) continue;
      elements.get(key)?.remove();
      const element = document.createElement(track.kind);
      element.autoplay = true;
      element.muted = track.kind === 'video';
      element.srcObject = new MediaStream([track]);
      document.body.append(element);
      elements.set(key, element);
      if (track.kind === 'video')
        element.requestVideoFrameCallback(() => { room.firstFrame ||= performance.now() - client.offeredAt; });
    }
});

client.channels.addEventListener('message', ({ detail }) => room.echoed.push({ ...detail, at: performance.now() }));

socket.addEventListener('message', (event) => {
  const message = JSON.parse(event.data);
  if (message.type === 'media.refused') room.rules.push(`${message.label} ${message.rule}`);
  room.messages++;
  if ('sdp' in message) message.sdp = redirect(message.sdp);
  if (message.type === 'you') room.participant = message.participant;
  else if (message.type === 'echo') room.answered(message.sdp);
  else if (message.type === 'refused') room.refused.push(message);
  else if (message.type === 'media.answer' && answers.has(message.connection)) answers.get(message.connection)(message.sdp);
  else client.take(message);
});

room.join = async (camera = true) => {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false }, video: { width: 640, height: 360, frameRate: 30 },
  });
  client.open({ microphone: stream.getAudioTracks()[0], camera: camera ? stream.getVideoTracks()[0] : null });
};

/** A relay stands in for the room: "host port". @param {string} sdp */
const redirect = (sdp) => (room.through ? sdp.replace(/(a=candidate:\S+ 1 udp \d+ )\S+ \d+/g, `$1${room.through}`) : sdp);

/** Tries the way. */
room.tryWay = async () => {
  const echo = new MediaEcho((sdp) => {
    socket.send(JSON.stringify({ type: 'echo', sdp }));
    return new Promise((done) => { room.answered = done; });
  });
  const states = [];
  echo.addEventListener('change', () => {
    if (states.at(-1) !== echo.state) states.push(echo.state);
    Object.assign(room, { addresses: echo.addresses, share: echo.share });
  });
  await echo.run();
  return { states, measured: echo.measured, addresses: echo.addresses };
};

/** A connection that is not the client's. @param {RTCBundlePolicy} bundlePolicy */
const openRaw = async (bundlePolicy) => {
  const connection = new RTCPeerConnection({ bundlePolicy }), token = crypto.randomUUID();
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
  const [voice] = stream.getAudioTracks(), [picture] = stream.getVideoTracks();
  const negotiate = async (sources) => {
    await connection.setLocalDescription();
    const answer = new Promise((done, failed) => {
      answers.set(token, done);
      setTimeout(() => failed(new Error(`no answer; refused: ${JSON.stringify(room.refused)}`)), 5000);
    });
    socket.send(JSON.stringify({ type: 'media.offer', connection: token, sdp: connection.localDescription.sdp, sources: sources() }));
    await connection.setRemoteDescription({ type: 'answer', sdp: await answer });
    return [...connection.remoteDescription.sdp.matchAll(/^m=(\S+) (\d+)/gm)].map(([, kind, port]) => (port === '0' ? `${kind}, rejected` : kind));
  };
  return { connection, voice, picture, negotiate };
};

/** One that begins with a data channel, then sends what the room takes: a picture in several sizes. @param {RTCBundlePolicy} bundlePolicy */
room.joinByChannel = async (bundlePolicy) => {
  const { connection, voice, picture, negotiate } = await openRaw(bundlePolicy);
  let camera;
  const addCamera = () => { camera = connection.addTransceiver(picture, { direction: 'sendonly', sendEncodings: [{ rid: 'q', scaleResolutionDownBy: 2 }, { rid: 'f' }] }); };
  connection.createDataChannel('chat');
  const sections = [await negotiate(() => ({}))];
  const microphone = connection.addTransceiver(voice, { direction: 'sendonly' });
  const sources = () => ({ [microphone.mid]: 'microphone', ...(camera.stopped ? {} : { [camera.mid]: 'camera' }) });
  addCamera();
  sections.push(await negotiate(sources));
  room.raw = {
    sections, state: () => connection.connectionState,
    stopCamera: async () => { camera.stop(); sections.push(await negotiate(() => ({ [microphone.mid]: 'microphone' }))); },
    startCamera: async () => { addCamera(); sections.push(await negotiate(sources)); },
    close: () => connection.close(),
  };
};

/** One whose sections are stopped and offered again, for the same and for other kinds. */
room.joinRecycling = async () => {
  const { connection, voice, picture, negotiate } = await openRaw('max-bundle');
  const parts = {}, tracks = { microphone: voice, camera: picture, screen: picture.clone() };
  const elements = [];
  connection.ontrack = ({ track }) => elements.push(Object.assign(document.createElement(track.kind), { autoplay: true, muted: true, srcObject: new MediaStream([track]) }));
  const sources = () => Object.fromEntries(Object.keys(tracks).filter((name) => parts[name]).map((name) => [parts[name].mid, name]));
  /** Stops some parts, adds others, in one offer. */
  const change = (stop, add) => {
    for (const name of stop) {
      parts[name].stop();
      delete parts[name];
    }
    for (const name of add)
      parts[name] = tracks[name] ? connection.addTransceiver(tracks[name], { direction: 'sendonly' }) : connection.addTransceiver(name, { direction: 'recvonly' });
    return negotiate(sources);
  };
  /** Frames and sound that are shown to it, at the places that it has now. */
  const shown = async () => {
    const mids = [parts.audio?.mid, parts.video?.mid];
    const all = [...(await connection.getStats()).values()].filter((one) => one.type === 'inbound-rtp' && mids.includes(one.mid));
    return { frames: all.find((one) => one.kind === 'video')?.framesDecoded ?? 0, sound: all.find((one) => one.kind === 'audio')?.packetsReceived ?? 0 };
  };
  room.raw = { change, shown, state: () => connection.connectionState };
};

/** Begins anew, without anything of its own to send. */
room.watch = () => {
  room.firstFrame = 0;
  client.open({});
};

/** The longest time between two frames that were shown, in ms, and what the browser calls a freeze. @param {number} ms */
room.look = async (ms) => {
  const video = document.querySelector('video');
  const freezes = async () => [...(await client.connection.getStats()).values()].find((one) => one.type === 'inbound-rtp' && one.kind === 'video')?.freezeCount ?? 0;
  const before = await freezes();
  const end = performance.now() + ms;
  let last = 0, longest = 0, frames = 0;
  await new Promise((done) => {
    const look = (now) => {
      if (last) longest = Math.max(longest, now - last);
      last = now;
      frames++;
      if (now < end) video.requestVideoFrameCallback(look);
      else done();
    };
    video.requestVideoFrameCallback(look);
  });
  return { longest, frames, freezes: await freezes() - before };
};

/** What is received of everybody: frames decoded and audio energy, by participant. */
room.received = async () => {
  const byTrack = new Map();
  for (const report of (await client.connection.getStats()).values())
    if (report.type === 'inbound-rtp') byTrack.set(report.trackIdentifier, report);
  return Object.fromEntries([...client.people].map(([who, shown]) => {
    const camera = byTrack.get(shown.tracks.camera?.id), voice = byTrack.get(shown.tracks.microphone?.id);
    return [who, {
      frames: camera?.framesDecoded ?? 0, screen: byTrack.get(shown.tracks.screen?.id)?.framesDecoded ?? 0, lost: camera?.packetsLost ?? 0, codec: camera?.codecId ?? '', width: camera?.frameWidth ?? 0,
      energy: voice?.totalAudioEnergy ?? 0, samples: voice?.totalSamplesReceived ?? 0, freezes: camera?.freezeCount ?? 0,
    }];
  }));
};
globalThis.room = room;
