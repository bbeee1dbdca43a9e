/** `fishplate doctor`. */

import { defineCommand } from 'citty';

import type { TrackCapability } from '../capabilities.js';
import { type DoctorReport, examine } from '../doctor/report.js';
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

function renderReport({ capabilities, node, platform, git, probes }: DoctorReport, style: Style): string {
  const place = `${visibleLine(capabilities.workspace)}, ${capabilities.configFile === null ? 'no fishplate.config.json' : 'with fishplate.config.json'}`;
  const refused = probes.filter(({ outcome }) => outcome === 'refused');
  const through = probes.filter(({ outcome }) => outcome === 'through');
  const containment =
    through.length === 0
      ? `${style.green('\u2713')} ${refused.length} of ${probes.length} attempts to leave a workspace were refused (${refused.map(({ result }) => result).join(', ')})`
      : `${style.red('\u2717')} went through: ${through.map(({ attempt, result }) => `${attempt} (${result})`).join(', ')}`;
  return [
    `${style.bold('fishplate')} ${capabilities.version}  node ${node}, ${platform}, git ${git ?? 'not installed'}`,
    `workspace  ${place}`,
    '',
    ...capabilities.tracks.map((track) => trackLine(track, style)),
    '',
    containment,
  ].join('\n');
}

function trackLine(track: TrackCapability, style: Style): string {
  const name = track.track.padEnd(10);
  if (track.state === 'landed') {
    const mark = track.engine === null ? style.red('\u2717') : style.green('\u2713');
    const asked = `asked ${track.asked} by ${track.askedBy}`;
    const improve =
      track.improve === undefined
        ? ''
        : `\n${' '.repeat(31)}${style.yellow('improve')} ${visibleLine(track.improve)}`;
    return `${mark} ${style.bold(name)} ${fit(track.engine ?? 'none', 17)} ${track.version}, ${asked}: ${visibleLine(track.reason)}${improve}`;
  }
  const mark = track.state === 'interim' ? style.yellow('~') : style.dim('-');
  const engine = fit(track.engine ?? 'not yet', 17);
  return `${mark} ${style.bold(name)} ${engine} ${style.dim(track.state === 'interim' ? `interim: ${track.reason}` : track.reason)}`;
}
