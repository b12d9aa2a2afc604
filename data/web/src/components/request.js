// SPDX-License-Identifier: LGPL-2.1-or-later
// A request for a session while it is being written.

import { newId } from '../api.js';
import { MINUTE, hubNow } from '../time.js';

/**
 * @typedef {object} Request
 * @property {string} id
 * @property {string} modality
 * @property {boolean} modalityChosen somebody chose it; else it is the one that comes first
 * @property {string} title
 * @property {string} reason
 * @property {'T0' | 'T1' | 'T2' | 'T3'} urgency
 * @property {string} partner
 * @property {string} patient
 * @property {number} start
 * @property {boolean} startChosen somebody chose it; an emergency of which nobody did is for now
 * @property {number} minutes
 * @property {boolean} minutesTyped the modality no longer sets it
 * @property {Set<string>} resources
 * @property {boolean} begun whether a plugin's part holds something that would be lost
 */

/** This minute; or the next quarter of an hour that leaves time to answer. @param {boolean} emergency */
export const defaultStart = (emergency) =>
  emergency ? Math.floor(hubNow() / MINUTE) * MINUTE : Math.ceil((hubNow() + 15 * MINUTE) / (15 * MINUTE)) * 15 * MINUTE;

/** Whether the hub says when it starts. @param {Request} request */
export const isForNow = (request) => request.urgency === 'T0' && !request.startChosen;

/** Whether somebody wrote something that would be lost. @param {Request} request */
export const isBegun = (request) => request.title.trim() !== '' || request.reason.trim() !== '' || request.begun;

/** @param {{emergency?: boolean, start?: number, resource?: string}} [from] @returns {Request} */
export const newRequest = ({ emergency = false, start, resource } = {}) => ({
  id: newId(), modality: '', modalityChosen: false, title: '', reason: '', urgency: emergency ? 'T0' : 'T3', partner: '', patient: '',
  start: start ?? defaultStart(emergency), startChosen: start !== undefined, minutes: 30, minutesTyped: false, resources: new Set(resource ? [resource] : []), begun: false,
});
