/** Codes of the errors that the storage track throws. */

import { defineCodes } from '@fishplate/engine';

export const STORAGE_CODES = defineCodes('storage', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type or value that the function takes.',
    hint: 'The message names the argument and what it may be.',
  },
  INPUT_TOO_LARGE: {
    summary: 'An event, batch, checkpoint or its metadata is larger than a store takes.',
    hint: 'Split it: events take 256 MiB, batches and checkpoints 1 GiB, metadata 1 MiB.',
  },
  STORAGE_IO: {
    summary: 'The system refused to read or write a file of the store.',
    hint: 'The message has the words of the system. After a failed write, close the store and open it again.',
  },
  STORAGE_FULL: {
    summary: 'The disk or quota is full.',
    hint: 'Make room (prune, delete checkpoints, empty `quarantine/`), close the store and open it again.',
  },
  STORAGE_CORRUPT: {
    summary: 'Bytes of the store are not what was written; details name segment and offset.',
    hint: 'Keep a copy of the directory, then call `salvageStore` (or `fishplate-store salvage`): it keeps all that is still valid.',
  },
  STORAGE_FORMAT_NEWER: {
    summary: 'The store was written by a newer release, in a format that this one does not know.',
    hint: 'Use a release that is at least as new.',
  },
  STORAGE_LOCKED: {
    summary: 'Another writer has the store open; details name it.',
    hint: 'Close it there, or open the store with `readOnly: true`: any number of readers may stand beside a writer.',
  },
  STORAGE_NETWORK_FILE_SYSTEM: {
    summary: 'The directory is on a network file system, where locks, renames and syncs promise less.',
    hint: 'Choose a local directory, or pass `allowNetwork: true` where you know that one process alone uses it.',
  },
  STORAGE_POISONED: {
    summary: 'A write or sync failed before, so nothing more is acknowledged by this handle.',
    hint: 'Close the store and open it again: opening checks what has reached the disk.',
  },
  STORAGE_READ_ONLY: {
    summary: 'The store was opened for reading.',
    hint: 'Open it without `readOnly`.',
  },
  STORAGE_CLOSED: {
    summary: 'The store is closed.',
    hint: 'Open it again with openStore.',
  },
  STORAGE_FORKED: {
    summary: 'The process is a fork of the one that opened the store.',
    hint: 'Open the store in one of the two alone.',
  },
  STORAGE_NOT_FOUND: {
    summary: 'The directory holds no store.',
    hint: 'Check the path; openStore without `readOnly` makes a store.',
  },
  STORAGE_CHECKPOINT_NOT_FOUND: {
    summary: 'There is no checkpoint of that id to be the base of another.',
    hint: '`listCheckpoints` names those that exist; leave `base` out to store the state whole.',
  },
  STORAGE_PRUNED: {
    summary: 'Events that are needed were pruned.',
    hint: 'Restore or branch at an event that is still there; `stats` tells the first.',
  },
  SIDECAR_UNAVAILABLE: {
    summary: 'The process that is to write the store for others cannot be started or reached.',
    hint: "The message says why. `transport: 'inproc'` needs no other process.",
  },
  EVENT_NOT_JSON: {
    summary: 'An event that was asked for as JSON is none.',
    hint: 'Read this stream with `replay`, or select a stream that holds JSON alone.',
  },
  EVENT_OUT_OF_ORDER: {
    summary: 'An event for an event log has a sequence id that is not above the last one.',
    hint: 'Give each event a higher id than the one before, or leave it out.',
  },
  ENGINE_FAULT: {
    summary: 'The engine failed in a way that it should not.',
    hint: 'Report it with the call that led to it; FISHPLATE_STORAGE_ENGINE=fallback avoids the native engine meanwhile.',
  },
});

/** A code of this track. */
export type StorageCode = keyof typeof STORAGE_CODES.entries;
