/** Codes of the errors that the gitignore track throws. */

import { defineCodes } from '@fishplate/engine';

export const GITIGNORE_CODES = defineCodes('gitignore', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type that the function takes.',
    hint: 'Pass paths as strings, relative to the root or absolute below it; the message names the argument.',
  },
  OPTION_INVALID: {
    summary: 'An option has a value outside its range.',
    hint: 'The message names the option and the values it takes.',
  },
  PATH_OUTSIDE: {
    summary: 'A path is the root itself, or does not lie below it.',
    hint: 'Ask about paths below the root; open another matcher for another place.',
  },
  ROOT_INVALID: {
    summary: 'The root cannot be found, is no directory, is closed, or lies in a git directory.',
    hint: 'Give an existing directory that this process may read, and none in which git keeps a repository; `repository: false` lists that all the same.',
  },
  REPOSITORY_MISSING: {
    summary: 'The root lies in no git repository, and `requireGit` asks for one.',
    hint: 'Run `git init`, or leave `requireGit` out: ignore files count without a repository too.',
  },
  INDEX_UNREADABLE: {
    summary: "The repository's index cannot be read, so nobody knows which files are tracked.",
    hint: "Repair it (`git status` says what is wrong), or list with `tracked: 'ignore'`, which does not read it.",
  },
  CONFIG_UNREADABLE: {
    summary: "A file of git's configuration is damaged, so nobody knows what it says about ignoring.",
    hint: 'Correct the file that the message names (`git config --list` says what is wrong): git stops there too.',
  },
  MATCHER_CLOSED: {
    summary: 'The matcher has been closed.',
    hint: 'Open another one with openMatcher.',
  },
  ENGINE_FAULT: {
    summary: 'The engine failed in a way that it should not.',
    hint: 'Report it with the call that led to it; FISHPLATE_GITIGNORE_ENGINE=fallback avoids the native engine meanwhile.',
  },
});
