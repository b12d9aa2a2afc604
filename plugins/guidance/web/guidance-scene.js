// SPDX-License-Identifier: LGPL-2.1-or-later
// A scene that moves, for who has no camera: a forearm with a wound on a green cloth, and what lies
// beside it. It is drawn here, and the same each time.

const width = 960;
const height = 540;
/** Of the cloth, of which the camera sees a part. */
const cloth = { width: 1500, height: 900 };
const framesPerSecond = 30;

/** Numbers from 0 to 1, always the same ones (a linear congruential generator, Numerical Recipes). @param {number} seed */
function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @typedef {CanvasRenderingContext2D} Context */

/** @param {Context} context @param {() => number} next */
function drawCloth(context, next) {
  context.fillStyle = '#2f6f62';
  context.fillRect(0, 0, cloth.width, cloth.height);
  for (let i = 0; i < 9000; i++) {
    context.fillStyle = `rgb(${20 + 50 * next()} ${70 + 60 * next()} ${70 + 50 * next()} / 35%)`;
    context.fillRect(next() * cloth.width, next() * cloth.height, 2 + 5 * next(), 1 + 2 * next());
  }
  for (let i = 0; i < 14; i++) {
    context.strokeStyle = `rgb(10 40 36 / ${15 + 20 * next()}%)`;
    context.lineWidth = 4 + 14 * next();
    context.beginPath();
    context.moveTo(next() * cloth.width, 0);
    context.bezierCurveTo(next() * cloth.width, 300, next() * cloth.width, 600, next() * cloth.width, cloth.height);
    context.stroke();
  }
}

/** @param {Context} context @param {() => number} next */
function drawArm(context, next) {
  const skin = context.createLinearGradient(0, 280, 0, 640);
  for (const [at, colour] of /** @type {const} */ ([[0, '#8d5a3c'], [0.2, '#c98d66'], [0.55, '#dba982'], [0.85, '#b97b55'], [1, '#7a4a30']]))
    skin.addColorStop(at, colour);
  context.fillStyle = skin;
  context.beginPath();
  context.moveTo(0, 300);
  context.bezierCurveTo(500, 250, 900, 320, 1500, 350);
  context.lineTo(1500, 560);
  context.bezierCurveTo(900, 620, 500, 680, 0, 640);
  context.closePath();
  context.fill();
  context.save();
  context.clip();
  for (let i = 0; i < 2600; i++) {
    context.fillStyle = `rgb(${90 + 60 * next()} ${45 + 40 * next()} ${25 + 30 * next()} / ${8 + 30 * next()}%)`;
    context.beginPath();
    context.arc(next() * cloth.width, 250 + 430 * next(), 0.8 + 3.5 * next() ** 3, 0, 2 * Math.PI);
    context.fill();
  }
  for (let i = 0; i < 420; i++) {
    const [x, y] = [next() * cloth.width, 270 + 390 * next()];
    context.strokeStyle = 'rgb(50 28 18 / 55%)';
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, y);
    context.quadraticCurveTo(x + 8, y - 3, x + 10 + 12 * next(), y + 4 * next());
    context.stroke();
  }
  context.restore();
}

/** @param {Context} context @param {() => number} next */
function drawWound(context, next) {
  for (const [size, colour] of /** @type {const} */ ([[1, 'rgb(150 60 50 / 45%)'], [0.72, '#8e1f1f'], [0.5, '#5d0f14'], [0.2, '#3a070b']])) {
    context.fillStyle = colour;
    context.beginPath();
    for (let i = 0; i <= 40; i++) {
      const turn = (i / 40) * 2 * Math.PI;
      const reach = size * (0.86 + 0.28 * next());
      context.lineTo(760 + 150 * reach * Math.cos(turn), 450 + 62 * reach * Math.sin(turn));
    }
    context.fill();
  }
  for (let i = 0; i < 130; i++) {
    context.fillStyle = `rgb(${200 + 50 * next()} ${110 * next()} ${90 * next()} / 55%)`;
    context.fillRect(660 + 200 * next(), 415 + 70 * next(), 1 + 4 * next(), 1 + 3 * next());
  }
}

/** Gauze, a ruler of ten centimetres, forceps, a strip with a name of nobody. @param {Context} context @param {() => number} next */
function drawThings(context, next) {
  context.fillStyle = '#eae6da';
  context.fillRect(180, 690, 260, 150);
  context.strokeStyle = 'rgb(120 115 100 / 60%)';
  context.lineWidth = 1;
  for (let i = 0; i < 26; i++) {
    context.strokeRect(180 + 10 * i, 690, 4 + 2 * next(), 150);
    context.strokeRect(180, 690 + 6 * i, 260, 2 + 2 * next());
  }
  context.fillStyle = '#f6f2d4';
  context.fillRect(620, 700, 500, 60);
  context.fillStyle = '#222';
  context.font = '600 20px sans-serif';
  for (let i = 0; i <= 100; i++)
    context.fillRect(630 + 4.8 * i, 700, 1.5, i % 10 ? i % 5 ? 10 : 16 : 24);
  for (let i = 0; i <= 10; i++)
    context.fillText(String(i), 624 + 48 * i, 748);
  context.strokeStyle = '#b8c2c8';
  context.lineWidth = 14;
  context.lineCap = 'round';
  context.beginPath();
  context.moveTo(1180, 140);
  context.lineTo(880, 210);
  context.lineTo(1190, 180);
  context.stroke();
  context.fillStyle = '#fff';
  context.fillRect(330, 410, 150, 74);
  context.fillStyle = '#333';
  context.fillText('LEFT', 350, 440);
  context.fillText('ARM 07', 350, 468);
  for (let i = 0; i < 34; i++)
    context.fillRect(340 + 4 * i, 474, 1 + 2 * next(), 8);
}

export class PreparedScene {
  constructor() {
    this.canvas = Object.assign(document.createElement('canvas'), { width, height });
    this.cloth = Object.assign(document.createElement('canvas'), cloth);
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    const context = /** @type {Context} */ (this.cloth.getContext('2d'));
    const next = numbers(7);
    for (const draw of [drawCloth, drawArm, drawWound, drawThings])
      draw(context, next);
  }

  /** As a hand holds a phone: slowly over the arm, nearer and away. @param {number} seconds */
  draw(seconds) {
    const context = /** @type {Context} */ (this.canvas.getContext('2d'));
    const scale = 0.95 + 0.12 * Math.sin(seconds * 0.5) + 0.01 * Math.sin(seconds * 5.1);
    context.setTransform(scale, 0, 0, scale, width / 2, height / 2);
    context.rotate(0.07 * Math.sin(seconds * 0.37));
    context.translate(-750 + 170 * Math.sin(seconds * 0.43) + 3 * Math.sin(seconds * 6.3), -460 + 70 * Math.sin(seconds * 0.61) + 3 * Math.cos(seconds * 7.1));
    context.drawImage(this.cloth, 0, 0);
  }

  /** @returns {MediaStreamTrack} */
  start() {
    const began = performance.now();
    const draw = () => this.draw((performance.now() - began) / 1000);
    draw();
    this.timer = setInterval(draw, 1000 / framesPerSecond);
    return /** @type {MediaStreamTrack} */ (this.canvas.captureStream(framesPerSecond).getVideoTracks()[0]);
  }

  stop() {
    clearInterval(this.timer);
  }
}
