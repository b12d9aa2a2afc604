// SPDX-License-Identifier: LGPL-2.1-or-later
// Speech and pictures for the script of a plugin, as '@karez/media'.

export { MediaClient } from '../media.js';
export { MediaEcho } from '../media-echo.js';

/** @typedef {import('../media.js').Shown} Shown */
/** @typedef {import('../media-echo.js').Measured} Measured */
