// SPDX-License-Identifier: LGPL-2.1-or-later
// A still in the camera's full resolution, as the site's page sends it. It is made anew as a JPEG:
// nothing of the device goes with it, neither its place nor its number.

/** Of what is sent: dots and bytes. The hub takes twice as many dots. */
const most = { dots: 12_000_000, bytes: 10_000_000 };
/** A camera that has not taken a photo by then gives a frame, in ms. */
const photoWithin = 6000;
const qualities = [0.92, 0.8, 0.6];

/** As large as it may be, in the same shape. @param {number} width @param {number} height @param {number} [dots] */
export function fitted(width, height, dots = most.dots) {
  const scale = Math.min(1, Math.sqrt(dots / (width * height)));
  const high = Math.max(1, Math.floor(height * scale));
  return { width: Math.max(1, Math.min(Math.floor(width * scale), Math.floor(dots / high))), height: high };
}

/** Of the camera's own, which is larger than its moving picture where it can be. @param {MediaStreamTrack} track
 * @returns {Promise<ImageBitmap | null>} null where there is none */
async function takePhoto(track) {
  const Capture = /** @type {any} */ (globalThis).ImageCapture;
  if (typeof Capture !== 'function')
    return null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_done, fail) => { timer = setTimeout(() => fail(new Error('no photo')), photoWithin); });
  try {
    return await createImageBitmap(/** @type {Blob} */ (await Promise.race([new Capture(track).takePhoto(), late])));
  } catch {
    return null; // a camera that takes none, or is busy
  } finally {
    clearTimeout(timer);
  }
}

/** As a JPEG of what is sent; what is transparent is white. @param {CanvasImageSource} source @param {{width: number, height: number}} size @returns {Promise<Blob>} */
export async function encodePicture(source, size) {
  let { width, height } = fitted(size.width, size.height);
  const canvas = document.createElement('canvas');
  for (;;) {
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d');
    if (context) {
      context.fillStyle = '#fff';
      context.fillRect(0, 0, width, height);
      context.drawImage(source, 0, 0, width, height);
    }
    for (const quality of qualities) {
      const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ done) => { canvas.toBlob(done, 'image/jpeg', quality); });
      if (!blob)
        throw new Error('the picture could not be written');
      if (blob.size <= most.bytes)
        return blob;
    }
    ({ width, height } = fitted(width, height, (width * height) / 2));
  }
}

/**
 * @param {MediaStreamTrack} track @param {HTMLVideoElement} video that plays it
 * @param {boolean} prepared no camera's
 * @returns {Promise<Blob | null>} null where there is no picture
 */
export async function takeStill(track, video, prepared) {
  const photo = prepared ? null : await takePhoto(track);
  if (photo) {
    const blob = await encodePicture(photo, photo);
    photo.close();
    return blob;
  }
  const { videoWidth: width, videoHeight: height } = video;
  return width && height ? encodePicture(video, { width, height }) : null;
}
