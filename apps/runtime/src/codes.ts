/** The runtime's codes: faults that are thrown, and outcomes that are returned. */

import { type CodeEntry, defineCodes } from '@fishplate/engine';

/** Codes of thrown errors: malformed input, limits, refusals and faults. */
export const RUNTIME_CODES = defineCodes('runtime', {
  CONFIG_INVALID: {
    summary: 'The configuration holds something that it may not hold.',
    hint: 'Correct the entry that the message names; schema/fishplate.config.schema.json lists what is allowed.',
  },
  CONFIG_UNREADABLE: {
    summary: 'The configuration file is there and cannot be read as JSON.',
    hint: 'Correct the JSON at the line and column that the message names, or remove the file.',
  },
  CONFIG_UNTRUSTED: {
    summary: "The workspace's own configuration file would let commands do more than they may without it.",
    hint: 'Read the file. If you trust it, set FISHPLATE_TRUST_WORKSPACE=1 or pass trustWorkspace; else remove those entries.',
  },
  WORKSPACE_INVALID: {
    summary: 'The workspace is not a directory that can be read.',
    hint: 'Give an existing directory as workspace.',
  },
  TOOL_UNKNOWN: {
    summary: 'No tool has this name.',
    hint: 'Use one of the names that the message lists.',
  },
  INPUT_INVALID: {
    summary: 'The input of a tool does not fit its schema.',
    hint: "Correct the fields that the message names; the tool's input schema says what it takes.",
  },
  INPUT_TOO_LARGE: {
    summary: 'The input of a tool is larger or more deeply nested than the limits allow.',
    hint: 'Send the change in several smaller calls, or raise limits.maxInputBytes.',
  },
  PATH_INVALID: {
    summary: 'A path holds a character or a name that no file of a workspace may have.',
    hint: 'Give a path relative to the workspace, as list_files shows it.',
  },
  PATH_OUTSIDE: {
    summary: 'A path leads out of the workspace.',
    hint: 'Tools reach files inside the workspace only; give a path as list_files shows it.',
  },
  PATH_PROTECTED: {
    summary:
      'A path belongs to git, or to configuration or sessions of the runtime, or the policy of the sandbox closes it.',
    hint: 'Let the person see to this file; a tool must not change the rules that it works under.',
  },
  CHANGE_NOT_CONFIRMED: {
    summary: 'The policy lets a person decide about this change, and nobody said yes.',
    hint: 'Ask the person; in mode read-only every change needs one.',
  },
  SYMLINK_REFUSED: {
    summary: 'A path is, or leads through, a symbolic link.',
    hint: 'Name the file that the link points to, if it lies inside the workspace.',
  },
  NOT_A_FILE: {
    summary: 'A path names a directory, a device, a pipe or a socket where a file is needed.',
    hint: 'Name a regular file; list_files shows them.',
  },
  FILE_TOO_LARGE: {
    summary: 'A file is larger than limits.maxFileBytes.',
    hint: 'Raise limits.maxFileBytes, or work on the file with a command of your own.',
  },
  FILE_BINARY: {
    summary: 'A file holds binary data where text is needed.',
    hint: 'Leave the file to a program that knows its format; the tools read and edit text.',
  },
  TEXT_UNENCODABLE: {
    summary: 'A text holds characters that cannot be written in the encoding of the file.',
    hint: 'Leave those characters out (half a surrogate pair fits no encoding), or convert the file to UTF-8 first.',
  },
  FILE_ACCESS_FAILED: {
    summary: 'The operating system refused an operation on a file.',
    hint: 'The message holds its words; check permissions, free space and whether another program holds the file.',
  },
  ROLLBACK_FAILED: {
    summary: 'Writing failed part of the way, and taking it back failed too.',
    hint: 'Check the files that details.paths lists by hand: some hold the new content, some the old.',
  },
  UNDO_BUDGET_EXCEEDED: {
    summary: 'Keeping the contents that undo needs would take more disk space than undo.budgetBytes.',
    hint: 'Nothing was written. Raise undo.budgetBytes, or start a new session once the changes so far are kept elsewhere.',
  },
  SNAPSHOT_FAILED: {
    summary: 'What a command might change, or has changed, could not be recorded.',
    hint: 'The message says whether the command has run, and the cause why: most often the disk is full. Make room and call again.',
  },
  PREIMAGE_LOST: {
    summary: 'A content that going back needs is no longer kept, or no longer what it was.',
    hint: 'Nothing was changed. It made room for newer ones under undo.budgetBytes, or was damaged; take the file from version control.',
  },
  RESTORE_INCOMPLETE: {
    summary: 'Going back stopped part of the way.',
    hint: 'Remove what the message names, and make the same call again: it completes what is left.',
  },
  STATE_UNUSABLE: {
    summary: 'The folder in which sessions are kept cannot be used.',
    hint: 'Remove what the message names, or keep sessions elsewhere by sessions.directory or FISHPLATE_SESSIONS_DIRECTORY (a local disk).',
  },
  STATE_WRITE_FAILED: {
    summary: 'The log of a session, or a content that undo needs, could not be written.',
    hint: 'What was about to happen has not happened. Make room on the disk and call again.',
  },
  SESSION_BUSY: {
    summary: 'Another process has the session open.',
    hint: 'End that process, or work in another session; `fishplate sessions` and `fishplate timeline` read it all the same.',
  },
  SESSION_ID_INVALID: {
    summary: 'A session cannot have this id.',
    hint: 'Use 1 to 200 bytes of text without control characters.',
  },
  SESSION_UNKNOWN: {
    summary: 'There is no session of this id in the workspace.',
    hint: 'Run `fishplate sessions` for those there are.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    summary: 'An idempotency key was used before, for another tool or another input.',
    hint: 'Use a key of its own for each call.',
  },
  PLAN_INVALID: {
    summary: 'A plan for `fishplate run` is not well-formed.',
    hint: 'Correct the place that the message names; the README shows a plan.',
  },
  MODEL_UNUSABLE: {
    summary:
      'The model asked for cannot be used: its provider is not known, a key is missing, or the AI SDK is not installed.',
    hint: 'The message says which. Keys come from the environment.',
  },
  MODEL_FAILED: {
    summary: 'The model gave no whole answer, also when it was asked again.',
    hint: 'What was done so far is in the session: `fishplate run --model ... --resume` goes on where it stopped.',
  },
  EXPORT_FAILED: {
    summary: 'The page of a session could not be written.',
    hint: 'What was there before is as it was. The message holds the words of the system; check the path, permissions and free space.',
  },
  CANCELLED: {
    summary: 'The caller cancelled the call.',
    hint: 'Nothing was written by this call; call again if that was not meant.',
  },
  RUNTIME_CLOSED: {
    summary: 'The runtime has been closed.',
    hint: 'Create another one with createRuntime.',
  },
  USAGE: {
    summary: 'The command line is not one that fishplate understands.',
    hint: 'Run `fishplate --help`.',
  },
  TOOL_FAULT: {
    summary: 'A tool failed in a way that it should not.',
    hint: 'Report it with the input that led to it.',
  },
});

/** A code of {@link RUNTIME_CODES}. */
export type RuntimeCode = keyof typeof RUNTIME_CODES.entries;

/** Codes of returned outcomes (`ok: false`): the call was sound, and what it asked for cannot be done here. */
export const RUNTIME_OUTCOMES = {
  FILE_NOT_FOUND: {
    summary: 'No file has this path.',
    hint: 'Call list_files for the paths there are; apply_patch creates files.',
  },
  LINE_OUT_OF_RANGE: {
    summary: 'The first line asked for lies behind the end of the file.',
    hint: 'Ask for lines from 1 to details.totalLines.',
  },
  NO_EFFECT: {
    summary: 'The change leaves every file as it is.',
    hint: 'The files already hold what was asked for; nothing was written.',
  },
  CHANGED_MEANWHILE: {
    summary: 'A file changed on disk between reading and writing.',
    hint: 'Nothing was written. Read the file again and repeat the change.',
  },
  UNDO_CONFLICT: {
    summary: 'A file is no longer what this session left: someone changed it since.',
    hint: 'Nothing was changed. `conflicts` shows what the session left, what is there now and what would be restored; bring the file back to what the session left, or keep it and go on.',
  },
  NOT_CONFIRMED: {
    summary: 'A step or a command needs the confirmation of a person, and nobody gave it.',
    hint: 'Ask the person. On a terminal and in MCP clients with elicitation they are asked; a plan takes --yes, a program the option confirm.',
  },
  STEPS_EXHAUSTED: {
    summary: 'The model was asked as often as it may be.',
    hint: 'Look at what it did (`fishplate timeline`); --resume with a larger --max-steps goes on.',
  },
  TOKENS_EXHAUSTED: {
    summary: 'The run has used the tokens that it may use, or the next question would go over.',
    hint: 'Look at what it did (`fishplate timeline`); --resume with a larger --max-tokens goes on.',
  },
  MODEL_LOOPS: {
    summary: 'The model makes the same call again and again, with the same answer.',
    hint: 'The same call gives the same answer: do something else, or say what stands in the way.',
  },
  TOOL_CALL_MALFORMED: {
    summary: 'A model asked for a call in a form that cannot be read.',
    hint: 'Nothing was done. Make the call again, with arguments that are one whole JSON object.',
  },
  TEXT_OR_PATH: {
    summary: 'A tool was given both a text and a path, or neither.',
    hint: 'Give one of them.',
  },
  COMMAND_DENIED: {
    summary: 'A rule of the configuration denies the command, or a part of it.',
    hint: 'Do without it; nothing was run. Only the person can change the rules.',
  },
  COMMAND_FAILED_TO_START: {
    summary: 'The command could not be started; nothing was run.',
    hint: 'The message says why: the command or its working directory is not there, or cannot be used.',
  },
  OUTPUT_UNKNOWN: {
    summary: 'There is no output of this name, or not any more.',
    hint: 'Use `outputId` of a run_command or job of this runtime; the oldest outputs are dropped first.',
  },
  VALUE_UNKNOWN: {
    summary: 'The output is JSON, and has no value at the pointer.',
    hint: 'Use one of the keys in the message, or the pointer "" for the whole document; / and ~ in a key are written ~1 and ~0.',
  },
  OUTPUT_NOT_JSON: {
    summary:
      'A pointer was given, and the output is no single JSON document, is still being written, or was cut.',
    hint: 'Read it by bytes, without `pointer`; of lines of JSON, read a line.',
  },
  TOO_MANY_JOBS: {
    summary: 'As many jobs run as may run at once.',
    hint: 'Wait for one with poll_job, or end one with kill_job.',
  },
  JOB_UNKNOWN: {
    summary: 'There is no job of this name, or not any more.',
    hint: 'Use `jobId` of a start_job of this runtime.',
  },
  CHECKPOINT_UNKNOWN: {
    summary: 'The session has no checkpoint of this id.',
    hint: 'Use the id that checkpoint answered; details.checkpoints lists those there are.',
  },
  LANGUAGE_UNKNOWN: {
    summary: 'A file is of no language whose declarations can be listed.',
    hint: 'Read the file, or search it by a command; the ending of its name tells the language.',
  },
  NOTE_UNKNOWN: {
    summary: 'The workspace has no note of this id.',
    hint: 'Use an id that remember or recall answered; what was forgotten is gone.',
  },
  NOTHING_TO_UNDO: {
    summary: 'The session has no change that is not yet undone.',
    hint: 'Call diff to see what the session changed.',
  },
  STEP_UNKNOWN: {
    summary: 'The session has no step of this number.',
    hint: 'Use a step number from an earlier result; 0 stands for the beginning of the session.',
  },
} as const satisfies Record<string, CodeEntry>;

/** A code of {@link RUNTIME_OUTCOMES}. */
export type RuntimeOutcomeCode = keyof typeof RUNTIME_OUTCOMES;
