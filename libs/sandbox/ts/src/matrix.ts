/**
 * The policy matrix: what holds each clause, by which means of which system, what proves it, and what is weaker.
 *
 * docs/readiness/sandbox-matrix.md is made of it, and a test holds the names of tests to those that there are. What is said of
 * macOS and Windows is written and compiled, and has not been shown there.
 */

/** By which means commands are confined. */
export const MEANS = {
  namespaces: 'Linux with namespaces (those of users, or made by root)',
  landlock: 'Linux without namespaces: Landlock, seccomp, limits',
  docker: 'a container of docker',
  seatbelt: 'macOS: Seatbelt (unverified)',
  windows: 'Windows: AppContainer and job object (unverified)',
} as const;

/** What holds a clause by one means. */
export interface Held {
  /** The mechanism. */
  readonly by: string;
  /** What is not held, or less well; absent: the clause is held as it is written. */
  readonly weaker?: string;
}

/** One clause of the policy. */
export interface MatrixRow {
  /** As in the policy, or what a policy takes for granted. */
  readonly clause: string;
  readonly held: Readonly<Record<keyof typeof MEANS, Held>>;
  /** Names of tests: attacks and limits of libs/sandbox/core/tests. */
  readonly tests: readonly string[];
}

/** The matrix. */
export const POLICY_MATRIX: readonly MatrixRow[] = [
  {
    clause: 'writableRoots',
    held: {
      namespaces: { by: 'a view in which everything else is read-only; Landlock' },
      landlock: { by: 'Landlock' },
      docker: { by: 'only the roots are mounted writable' },
      seatbelt: { by: 'the profile denies every write and opens the roots' },
      windows: { by: 'an identity without rights, let in by entries of the access lists of the roots' },
    },
    tests: [
      'create_a_file_outside',
      'rename_a_file_outside',
      'write_through_a_hard_link_made_in_the_workspace',
      'write_by_the_root_link_of_proc',
      'truncate_a_file_outside',
      'a_link_above_a_root_does_not_open_what_it_leads_to',
    ],
  },
  {
    clause: 'metadata',
    held: {
      namespaces: { by: 'read-only mounts; set-user-id bits refused by seccomp' },
      landlock: {
        by: 'seccomp for set-user-id bits',
        weaker: 'Landlock does not see chmod, utimes and attributes',
      },
      docker: { by: 'nothing else is mounted' },
      seatbelt: { by: 'the profile: modes, owners, times, flags and attributes are writes' },
      windows: { by: 'access lists; whoever is let in may not change them' },
    },
    tests: ['change_a_mode_outside', 'set_an_attribute_outside', 'leave_a_set_user_id_file_in_the_workspace'],
  },
  {
    clause: 'readDeny',
    held: {
      namespaces: { by: 'something empty and closed lies over the path' },
      landlock: { by: 'Landlock: everything around it is granted instead' },
      docker: { by: 'not mounted; below the roots covered' },
      seatbelt: {
        by: 'the profile, by path and by pattern for other letter cases; no hard links to it, and directories above it stay in place',
      },
      windows: {
        by: 'outside of the roots nothing is opened; below them entries that deny',
        weaker:
          'outside of the roots, what Windows lets every app package read; in a root, what is made later',
      },
    },
    tests: [
      'read_a_secret',
      'read_a_secret_by_a_link',
      'open_a_secret_by_its_handle',
      'open_a_secret_by_a_hard_link',
    ],
  },
  {
    clause: 'protectedPaths',
    held: {
      namespaces: {
        by: 'read-only binds, and all directories above them kept in place; missing ones by placeholders; bound again where the host replaces one',
      },
      landlock: {
        by: 'nothing',
        weaker: 'Landlock grants whole directories, and cannot take a part of one away',
      },
      docker: {
        by: 'read-only mounts',
        weaker: 'what is missing can be made, and the directory above can be moved away',
      },
      seatbelt: { by: 'the profile, also for what is missing; directories above stay in place' },
      windows: {
        by: 'entries that deny; directories above stay in place',
        weaker: 'what is missing can be made',
      },
    },
    tests: [
      'plant_a_git_hook',
      'move_the_git_directory_aside_and_plant_a_hook',
      'plant_a_shell_start_file_by_rename',
      'swap_a_directory_with_a_protected_one',
      'another_common_directory',
      'a_protected_file_that_the_host_replaces_stays_protected',
    ],
  },
  {
    clause: 'network: none',
    held: {
      namespaces: { by: 'a network of its own without routes; seccomp for socket families' },
      landlock: { by: 'seccomp: no sockets of the internet families' },
      docker: { by: '--network none' },
      seatbelt: { by: 'the profile' },
      windows: { by: 'the container has no capability for the network, this machine included' },
    },
    tests: ['connect_to_a_service_of_the_host', 'send_a_datagram_to_the_host', 'capture_packets'],
  },
  {
    clause: 'network: allowDomains',
    held: {
      namespaces: { by: 'one listening socket in the namespace, served by the proxy outside' },
      landlock: { by: 'Landlock: TCP to the port of the proxy only' },
      docker: { by: 'nothing', weaker: 'refused when the sandbox is opened' },
      seatbelt: { by: 'the profile: the port of the proxy on loopback only' },
      windows: { by: 'nothing', weaker: 'refused: a container reaches no port of this machine, so no proxy' },
    },
    tests: ['connect_to_a_service_of_the_host', 'no_connection_is_made_by_sending_first'],
  },
  {
    clause: 'sockets of the host',
    held: {
      namespaces: {
        by: 'their directories are hidden or covered; Landlock scopes for abstract ones',
        weaker: 'one that is made in a writable root while the command runs can be reached',
      },
      landlock: { by: 'Landlock scopes; seccomp' },
      docker: { by: 'not mounted' },
      seatbelt: {
        by: 'the profile: only sockets in the private temporary directory',
        weaker: 'named semaphores',
      },
      windows: { by: 'the container: named objects and pipes of the host do not let it in' },
    },
    tests: [
      'connect_to_an_abstract_socket_of_the_host',
      'connect_to_a_socket_file_of_the_host_outside',
      'connect_to_a_socket_file_of_the_host_in_the_workspace',
      'send_to_a_datagram_socket_of_the_host_from_a_pair',
      'a_socket_that_was_renamed_is_covered_by_its_new_name',
      'a_socket_that_was_moved_elsewhere_is_covered_or_told_of',
      'a_socket_with_a_second_name_is_covered_by_both_or_told_of',
    ],
  },
  {
    clause: 'processes of the host',
    held: {
      namespaces: { by: 'a process namespace of its own' },
      landlock: {
        by: 'Landlock scopes for signals; seccomp for tracing and priorities',
        weaker: 'they can be seen in /proc, and be bound to some of the processors',
      },
      docker: { by: 'a process namespace of its own' },
      seatbelt: { by: 'the profile: signals and information within the sandbox only' },
      windows: { by: 'the container: they cannot be opened', weaker: 'they can be listed' },
    },
    tests: [
      'kill_a_process_of_the_host',
      'look_at_the_processes_of_the_host',
      'trace_a_process_of_the_host',
      'lower_the_priority_of_a_process_of_the_host',
    ],
  },
  {
    clause: 'nothing left running',
    held: {
      namespaces: { by: 'the end of process 1 ends all of its namespace' },
      landlock: { by: 'the helper takes in orphans and ends them', weaker: 'by searching, not at once' },
      docker: { by: 'the end of the container' },
      seatbelt: {
        by: 'the helper finds them by group and ancestry and ends them, also after the end of the host',
        weaker: 'who forks twice and leaves the group within 15 ms is not found',
      },
      windows: { by: 'the end of the job, which is that of its last handle, is theirs' },
    },
    tests: ['leave_a_process_running', 'leave_a_process_running_by_a_double_fork'],
  },
  {
    clause: 'privateTmp',
    held: {
      namespaces: { by: 'tmpfs of bounded size' },
      landlock: {
        by: 'a directory of its own, named by TMPDIR',
        weaker: '/tmp itself is closed, not private',
      },
      docker: { by: 'tmpfs' },
      seatbelt: {
        by: 'a directory of its own, named by TMPDIR',
        weaker: '/tmp itself can be read, not written; no bound of its size',
      },
      windows: {
        by: 'a directory of its own, named by TEMP',
        weaker: 'runs under one policy share it; no bound of its size',
      },
    },
    tests: [
      'write_into_the_hosts_tmp',
      'write_into_the_hosts_shared_memory',
      'memory_in_private_temporary_files_counts',
    ],
  },
  {
    clause: 'limits.wallMs',
    held: {
      namespaces: { by: 'a timer of the supervisor' },
      landlock: { by: 'a timer of the supervisor' },
      docker: { by: 'a timer of this process' },
      seatbelt: { by: 'a timer of the supervisor' },
      windows: { by: 'a timer of the supervisor', weaker: 'nothing can be asked to end first' },
    },
    tests: [
      'time_on_the_clock_ends_a_command_that_ignores_sigterm',
      'a_helper_that_somebody_stops_does_not_stop_the_clock',
    ],
  },
  {
    clause: 'limits.cpuMs',
    held: {
      namespaces: { by: 'RLIMIT_CPU, and a watch over all processes' },
      landlock: { by: 'RLIMIT_CPU, and a watch over all processes' },
      docker: { by: 'ulimit', weaker: 'by process, in whole seconds' },
      seatbelt: { by: 'RLIMIT_CPU, and a watch over all processes' },
      windows: { by: 'the job for time in programs, a watch for time in the kernel' },
    },
    tests: ['processor_time_of_children_counts_together'],
  },
  {
    clause: 'limits.memoryBytes',
    held: {
      namespaces: {
        by: 'a control group, which the command enters before it begins, and a watch over all processes',
        weaker: 'where no group can be made (told): a burst between two looks can pass it',
      },
      landlock: { by: 'a watch over all processes', weaker: 'a burst between two looks can pass it' },
      docker: { by: 'a control group' },
      seatbelt: { by: 'a watch over all processes', weaker: 'a burst between two looks can pass it' },
      windows: { by: 'the job' },
    },
    tests: [
      'memory_of_one_process_ends_at_the_limit',
      'memory_in_private_temporary_files_counts',
      'memory_that_no_process_has_mapped_counts',
      'a_command_is_in_its_control_group_before_it_begins',
    ],
  },
  {
    clause: 'limits.processes',
    held: {
      namespaces: { by: 'a control group or the bound on numbers of the namespace, and a watch' },
      landlock: { by: 'a watch over all processes', weaker: 'a burst between two looks can pass it' },
      docker: { by: 'a control group' },
      seatbelt: { by: 'a watch over all processes', weaker: 'a burst between two looks can pass it' },
      windows: { by: 'the job', weaker: 'threads are not counted' },
    },
    tests: ['a_fork_bomb_ends_at_the_limit_of_processes', 'threads_count_as_processes'],
  },
  {
    clause: 'limits.fileBytes',
    held: {
      namespaces: { by: 'RLIMIT_FSIZE for one file, a watch for all together' },
      landlock: { by: 'RLIMIT_FSIZE for one file, a watch for all together' },
      docker: { by: 'ulimit', weaker: 'for one file, not for all together' },
      seatbelt: {
        by: 'RLIMIT_FSIZE for one file, a watch for all together',
        weaker: 'all together only once they reach the disk',
      },
      windows: { by: 'a watch', weaker: 'what goes into pipes counts too' },
    },
    tests: ['one_file_that_grows_is_stopped_at_the_limit', 'many_files_together_are_stopped_at_the_limit'],
  },
  {
    clause: 'limits.outputBytes',
    held: {
      namespaces: { by: 'counted by the supervisor' },
      landlock: { by: 'counted by the supervisor' },
      docker: { by: 'counted by this process' },
      seatbelt: { by: 'counted by the supervisor' },
      windows: { by: 'counted by the supervisor' },
    },
    tests: ['a_flood_of_output_is_cut_at_the_limit_and_ends'],
  },
  {
    clause: 'the surface of the kernel',
    held: {
      namespaces: {
        by: 'seccomp, no capabilities, no_new_privs, a minimal /dev, /proc/sys and /sys read-only',
      },
      landlock: { by: 'seccomp, no capabilities, no_new_privs' },
      docker: { by: "docker's seccomp list, no capabilities, no_new_privs" },
      seatbelt: {
        by: 'the profile: few services, no devices but the usual, no other sessions',
        weaker: 'system calls are not filtered',
      },
      windows: {
        by: 'low integrity, no desktop, no clipboard; mitigations',
        weaker: 'system calls are not filtered',
      },
    },
    tests: [
      'make_a_user_namespace',
      'set_up_an_io_uring',
      'open_the_core_pattern_for_writing',
      'keep_a_capability',
      'gain_privileges_by_exec',
    ],
  },
];

/** The matrix as the page docs/readiness/sandbox-matrix.md. */
export function renderMatrix(): string {
  const means = Object.keys(MEANS) as (keyof typeof MEANS)[];
  const cell = ({ by, weaker }: Held): string => (weaker === undefined ? by : `${by}; **weaker:** ${weaker}`);
  const rows = POLICY_MATRIX.map(
    ({ clause, held }) => `| ${clause} | ${means.map((name) => cell(held[name])).join(' | ')} |`,
  );
  const proofs = POLICY_MATRIX.map(
    ({ clause, tests }) => `| ${clause} | ${tests.map((name) => `\`${name}\``).join(', ')} |`,
  );
  return [
    '# What holds each clause of a sandbox policy',
    '',
    'Generated from `libs/sandbox/ts/src/matrix.ts` by `npm run docs`; do not edit.',
    '',
    'Unverified: compiled for that system, and not yet run on it. The validation app shows what holds there.',
    '',
    `| clause | ${means.map((name) => MEANS[name]).join(' | ')} |`,
    `| --- | ${means.map(() => '---').join(' | ')} |`,
    ...rows,
    '',
    '## What proves it',
    '',
    'Attacks and limits of `libs/sandbox/core/tests`, each also run without a sandbox to show that it can succeed. Linux only.',
    '',
    '| clause | tests |',
    '| --- | --- |',
    ...proofs,
    '',
  ].join('\n');
}
