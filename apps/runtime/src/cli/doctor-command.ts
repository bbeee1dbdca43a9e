/** `fishplate doctor`. */

import type { CapabilityReport } from '@fishplate/engine';
import { defineCommand } from 'citty';

import { type ContainmentProbe, type DoctorReport, examine } from '../doctor/report.js';
import { EXIT } from './exit-codes.js';
import { JSON_OPTION, printJson, WORKSPACE_OPTION, workspaceOption } from './shared-options.js';
import { createStyle, fit, type Style, visibleLine } from './terminal.js';

/** The command. */
export const doctorCommand = defineCommand({
  meta: {
    name: 'doctor',
    description: 'Say which engine each track uses here, why, and what would improve it',
  },
  args: { workspace: WORKSPACE_OPTION, json: JSON_OPTION },
  async run({ args }) {
    const report = await examine(workspaceOption(args.workspace));
    if (args.json) printJson(report);
    else process.stdout.write(`${renderReport(report, createStyle(process.stdout))}\n`);
    return report.ok ? EXIT.ok : EXIT.failed;
  },
});

function renderReport(report: DoctorReport, style: Style): string {
  const { capabilities, node, platform, git, probes } = report;
  const place = `${visibleLine(capabilities.workspace)}, ${capabilities.configFile === null ? 'no fishplate.config.json' : 'with fishplate.config.json'}`;
  return [
    `${style.bold('fishplate')} ${capabilities.version}  node ${node}, ${platform}, git ${git ?? 'not installed'}`,
    `workspace  ${place}`,
    '',
    ...capabilities.tracks.map((track) => trackLine(track, style)),
    '',
    probeLine('attempts to leave a workspace by file tools', probes, style),
    ...sandboxLines(report, style),
  ].join('\n');
}

function probeLine(what: string, probes: readonly ContainmentProbe[], style: Style): string {
  const refused = probes.filter(({ outcome }) => outcome === 'refused');
  const through = probes.filter(({ outcome }) => outcome === 'through');
  if (through.length === 0) {
    const results = probes.map(({ attempt, result }) => `${attempt}: ${visibleLine(result)}`).join(', ');
    return `${style.green('\u2713')} ${refused.length} of ${probes.length} ${what} were refused (${results})`;
  }
  return `${style.red('\u2717')} went through: ${through.map(({ attempt, result }) => `${attempt} (${result})`).join(', ')}`;
}

/** What is declared, what holds of it, and the proof. */
function sandboxLines({ sandbox }: DoctorReport, style: Style): string[] {
  const { declared, effective, problem, probes } = sandbox;
  if (effective === null)
    return [`${style.red('\u2717')} commands cannot be confined: ${visibleLine(problem ?? '')}`];
  const { backend, level, landlock, namespaces, seccomp, cgroup, weaker } = effective;
  const means = [
    landlock === null ? null : `Landlock ${landlock}`,
    namespaces.length === 0 ? null : `namespaces ${namespaces.join(' ')}`,
    seccomp ? 'seccomp' : null,
    cgroup === null ? null : `cgroup v${cgroup.version} (${cgroup.controllers.join(', ')})`,
  ].filter((part) => part !== null);
  return [
    probeLine('attempts of commands to leave the sandbox', probes, style),
    `  declared   ${declared.mode ?? 'workspace-write'}, network ${JSON.stringify(declared.network ?? 'none')}`,
    `  effective  ${level} by ${backend}: ${means.join(', ')}`,
    ...weaker.map(
      ({ clause, reason }) => `  ${style.yellow('weaker')}     ${clause}: ${visibleLine(reason)}`,
    ),
  ];
}

function trackLine(track: CapabilityReport, style: Style): string {
  const mark = track.engine === null ? style.red('\u2717') : style.green('\u2713');
  const asked = `asked ${track.asked} by ${track.askedBy}`;
  const improve =
    track.improve === undefined
      ? ''
      : `\n${' '.repeat(31)}${style.yellow('improve')} ${visibleLine(track.improve)}`;
  return `${mark} ${style.bold(track.track.padEnd(10))} ${fit(track.engine ?? 'none', 17)} ${track.version}, ${asked}: ${visibleLine(track.reason)}${improve}`;
}
