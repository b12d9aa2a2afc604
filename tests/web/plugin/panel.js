// SPDX-License-Identifier: LGPL-2.1-or-later
import { part } from './parts/part.js';
export const word0 = part ('the same words again');
export const word1 = part ('the same words again');
export const word2 = part ('the same words again');
export const word3 = part ('the same words again');
export const word4 = part ('the same words again');
export const word5 = part ('the same words again');
export const word6 = part ('the same words again');
export const word7 = part ('the same words again');
export const word8 = part ('the same words again');
export const word9 = part ('the same words again');
export const word10 = part ('the same words again');
export const word11 = part ('the same words again');
