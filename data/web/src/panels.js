// SPDX-License-Identifier: LGPL-2.1-or-later
// The panels that plugins bring: which there are is written into the page by the build, their code
// is fetched when a session of theirs is opened.

/**
 * What a plugin's panel is to the session page. `participant` is null while this page has not
 * joined, and after the end. `send` gives FALSE when there is no connection: send again what is not
 * answered after the next `receive`.
 * @typedef {HTMLElement & {
 *   session: import('./types.js').Session,
 *   participant: import('./types.js').Participant | null,
 *   send: (body: Record<string, unknown>) => boolean,
 *   receive?: (body: Record<string, any>) => void,
 * }} Panel
 */

/** @returns {Record<string, {address: string, element: string, lobby: boolean}>} by modality */
function known() {
  const meta = document.querySelector('meta[name="karez-panels"]');
  return JSON.parse(meta?.getAttribute('content') ?? '{}');
}

/** @param {string} modality */
export const hasPanel = (modality) => modality in known();

/** Whether it has something to show before this page has joined. @param {string} modality */
export const hasLobby = (modality) => known()[modality]?.lobby ?? false;

/** @param {string} modality @returns {Promise<Panel>} */
export async function makePanel(modality) {
  const { address, element } = known()[modality];
  if (!customElements.get(element))
    await import(address);
  return /** @type {Panel} */ (document.createElement(element));
}
