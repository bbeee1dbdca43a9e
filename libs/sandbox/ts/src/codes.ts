/** Codes of the errors that the sandbox track throws. */

import { defineCodes } from '@fishplate/engine';

export const SANDBOX_CODES = defineCodes('sandbox', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type that the function takes.',
    hint: 'The message names the argument and what it must be.',
  },
  OPTION_INVALID: {
    summary: 'An option has a value outside its range.',
    hint: 'The message names the option and the values it takes.',
  },
  POLICY_INVALID: {
    summary: 'A policy has a field that is not known, or a value that the field cannot have.',
    hint: 'The message names the field; the README of @fishplate/sandbox lists them all.',
  },
  GRANT_INVALID: {
    summary: 'A grant has a field that is not known, or a value that the field cannot have.',
    hint: 'A grant is { path, intents, recursive?, id?, expiresAtMs? }.',
  },
  WORKSPACE_INVALID: {
    summary: 'The workspace cannot be found, or is no directory.',
    hint: 'Give an existing directory that this process may read.',
  },
  ENFORCEMENT_UNAVAILABLE: {
    summary: 'No backend here can hold the policy, and running without one was not asked for.',
    hint: "`fishplate doctor` says what is missing. Accept less by `policy.require`, or ask for mode 'process' by name: it confines nothing.",
  },
  MODE_UNSUPPORTED: {
    summary: 'The mode that was asked for cannot do what the policy wants, or is not there.',
    hint: 'The message says what is missing; `auto` takes the strongest mode that is there.',
  },
  COMMAND_NOT_FOUND: {
    summary: 'The command does not exist, or is not in PATH inside the sandbox.',
    hint: "Give an absolute path, or a PATH by `policy.env.set`. A line for a shell is `execute('sh', ['-c', line])`.",
  },
  COMMAND_NOT_EXECUTABLE: {
    summary: 'The command is there, and cannot be executed.',
    hint: 'It needs an executable bit, and an interpreter that is readable inside the sandbox.',
  },
  CWD_INVALID: {
    summary: 'The working directory does not exist inside the sandbox, or cannot be entered.',
    hint: 'Give a directory that exists and that `policy.readDeny` does not cover.',
  },
  START_FAILED: {
    summary: 'The sandbox could not be set up for the command; nothing ran.',
    hint: 'The message names the step and what the system said; `fishplate doctor` probes this machine.',
  },
  ACCESS_DENIED: {
    summary: 'The policy does not allow the action on this path.',
    hint: '`details.decision` holds the rule. Change the policy, or ask the person and pass a grant where the decision is needs-confirmation.',
  },
  FILE_MISSING: {
    summary: 'There is nothing at this path.',
    hint: 'List the directory to see what is there.',
  },
  NOT_A_FILE: {
    summary: 'What is at this path is no regular file.',
    hint: 'List a directory instead of reading it; pipes, devices, sockets and links are neither read nor written.',
  },
  NOT_A_DIRECTORY: {
    summary: 'A directory is needed here, or a part of the path is none.',
    hint: 'Name a directory, or leave out what stands behind the file.',
  },
  HARD_LINKED: {
    summary: 'The file has other names (hard links), at which its content would change too.',
    hint: 'Delete this name and create the file anew, which leaves the other names as they are.',
  },
  TOO_LARGE: {
    summary: 'The file is larger than the limit of this call.',
    hint: 'Ask for more by `maxBytes`, or let a command read a part of it.',
  },
  LINK_IN_PATH: {
    summary: 'A symbolic link is where none is followed, or took the place of a directory in the meantime.',
    hint: 'Use the path that the link leads to, or try again.',
  },
  NAME_INVALID: {
    summary: 'The path holds a name that no file may have, or that means something else on some system.',
    hint: 'Leave out NUL, and on Windows device names, streams, 8.3 aliases, dots and spaces at the end.',
  },
  EXISTS: {
    summary: 'There is something at this path already.',
    hint: 'Choose another name, or write instead of creating.',
  },
  NOT_EMPTY: {
    summary: 'The directory holds something.',
    hint: 'Delete what it holds first.',
  },
  ROLLBACK_FAILED: {
    summary: 'A change of several files failed on the way, and so did taking back what had been done.',
    hint: 'The message names the files that are left changed; what they held lies beside them as .fishplate-*.tmp.',
  },
  CROSS_DEVICE: {
    summary: 'The two places are on different disks.',
    hint: 'Write the content there, then delete it here.',
  },
  CHANGED: {
    summary: 'What stands at the path was replaced while the action ran.',
    hint: 'Look at what is there now, and try again.',
  },
  IO: {
    summary: 'The system failed to do what was asked.',
    hint: 'The message holds what the system said: permissions, free space, a read-only disk.',
  },
  SIDECAR_LOST: {
    summary: 'The sidecar ended while the call was running; what it ran has been killed.',
    hint: 'Call again: the sidecar is started anew.',
  },
  SIDECAR_UNAVAILABLE: {
    summary: 'The sidecar executable cannot be found, does not start, or does not answer.',
    hint: "Use transport 'inproc', or in a clone build with `npm start`.",
  },
  SANDBOX_CLOSED: {
    summary: 'The sandbox has been closed.',
    hint: 'Open another one with createSandbox.',
  },
  ENGINE_FAULT: {
    summary: 'The engine failed in a way that it should not.',
    hint: 'Report it with the call that led to it.',
  },
});

export type SandboxCode = keyof typeof SANDBOX_CODES.entries;
