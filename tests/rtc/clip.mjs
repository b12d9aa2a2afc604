// SPDX-License-Identifier: LGPL-2.1-or-later
// Two seconds of real VP8 for native clients to send, made by the browser that is to decode it: an
// IVF file, whose first frame stands alone.

import fs from 'node:fs';

const width = 640, height = 360, rate = 30, frames = 60;

/** In a page of a secure context. */
async function encode({ width, height, rate, frames }) {
  const canvas = new OffscreenCanvas(width, height);
  const draw = canvas.getContext('2d');
  const chunks = [];
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      chunks.push(Array.from(bytes));
    },
    error: (error) => { throw error; },
  });
  encoder.configure({ codec: 'vp8', width, height, bitrate: 1_200_000, framerate: rate, latencyMode: 'realtime' });
  for (let i = 0; i < frames; i++) {
    for (let x = 0; x < width; x += 40)
      for (let y = 0; y < height; y += 40) {
        draw.fillStyle = `hsl(${(x + y + i * 6) % 360} 60% ${40 + ((x ^ y) + i) % 30}%)`;
        draw.fillRect(x, y, 40, 40);
      }
    draw.fillStyle = 'white';
    draw.fillRect((i * 10) % width, 150, 60, 60);
    const frame = new VideoFrame(canvas, { timestamp: i * 1_000_000 / rate });
    encoder.encode(frame, { keyFrame: i === 0 });
    frame.close();
  }
  await encoder.flush();
  return chunks;
}

/** @param {any} page @param {string} file */
export async function makeClip(page, file) {
  const chunks = await page.evaluate(encode, { width, height, rate, frames });
  const head = Buffer.alloc(32);
  head.write('DKIF', 0, 'latin1');
  head.writeUInt16LE(32, 6);
  head.write('VP80', 8, 'latin1');
  head.writeUInt16LE(width, 12);
  head.writeUInt16LE(height, 14);
  head.writeUInt32LE(rate, 16);
  head.writeUInt32LE(1, 20);
  head.writeUInt32LE(chunks.length, 24);
  const parts = [head];
  for (const [i, chunk] of chunks.entries()) {
    const before = Buffer.alloc(12);
    before.writeUInt32LE(chunk.length, 0);
    before.writeUInt32LE(i, 4);
    parts.push(before, Buffer.from(chunk));
  }
  fs.writeFileSync(file, Buffer.concat(parts));
}
