// SPDX-License-Identifier: LGPL-2.1-or-later
// Speech and pictures for the script of a plugin, as '@karez/media'.

export { MediaPanel } from '../components/media-panel.js';
export { MediaClient } from '../media.js';
export {
  choosers, devicePreview, deviceProblem, deviceTroubles, deviceWants, isUnchecked, levelHint, levelMeter, moveLevel, problemOf, silencedBySystem,
} from '../media-device-parts.js';
export { Devices, choosesSpeaker, sharesScreen } from '../media-devices.js';
export { MediaEcho } from '../media-echo.js';
export { initials, personPicture } from '../media-person.js';

/** @typedef {import('../components/media-panel.js').Person} Person */
/** @typedef {import('../media.js').Shown} Shown */
/** @typedef {import('../media-devices.js').Facing} Facing */
/** @typedef {import('../media-devices.js').Kind} Kind */
/** @typedef {import('../media-devices.js').Own} Own */
/** @typedef {import('../media-echo.js').Measured} Measured */
