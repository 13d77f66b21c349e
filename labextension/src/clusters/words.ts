import type { TranslationBundle } from '@jupyterlab/translation';
import type { IClusterView, ILocalView, INodesView } from '../api/schema';
import { own } from '../own';

/** Which of five looks a state has. */
export type Tone = 'good' | 'busy' | 'waiting' | 'bad' | 'off';

const TONES: Readonly<Record<string, Tone>> = {
  RUNNING: 'good',
  WAITING: 'good',
  STARTING: 'waiting',
  BOOTSTRAPPING: 'waiting',
  TERMINATING: 'waiting',
  TERMINATED_WITH_ERRORS: 'bad',
  TERMINATED: 'off',
  starting: 'waiting',
  stopping: 'waiting',
  running: 'good',
  failed: 'bad',
  stopped: 'off'
};

export function tone(state: string): Tone {
  return own(TONES, state) ?? 'off';
}

/** Returns a state as one reads it: `WAITING` is idle but ready, which nobody calls waiting. */
export function stateWord(state: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    WAITING: trans.__('idle'),
    RUNNING: trans.__('running'),
    STARTING: trans.__('starting'),
    BOOTSTRAPPING: trans.__('bootstrapping'),
    TERMINATING: trans.__('terminating'),
    TERMINATED: trans.__('terminated'),
    TERMINATED_WITH_ERRORS: trans.__('ended with errors'),
    starting: trans.__('starting'),
    running: trans.__('running'),
    stopping: trans.__('stopping'),
    stopped: trans.__('stopped'),
    failed: trans.__('failed')
  };
  return own(words, state) ?? state.toLowerCase();
}

/** Returns a duration in its two largest units: `3 d 4 h`. */
export function duration(seconds: number, trans: TranslationBundle): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), trans.__('d')],
    [Math.floor((seconds / 3600) % 24), trans.__('h')],
    [Math.floor((seconds / 60) % 60), trans.__('min')],
    [Math.floor(seconds % 60), trans.__('s')]
  ];
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? parts.slice(3) : parts.slice(first, first + 2);
  return shown
    .filter(([count], i) => i === 0 || count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** Returns the line below a cluster's name. */
export function subline(
  cluster: IClusterView | null,
  local: ILocalView | null,
  trans: TranslationBundle
): string {
  const state = local !== null && cluster === null ? local.phase : cluster?.state;
  const parts = [stateWord(state ?? '', trans)];
  if (local !== null) {
    parts.push(trans.__('on this machine'));
  } else if (cluster?.facts?.release) {
    parts.push(cluster.facts.release);
  }
  if (cluster?.uptime) {
    parts.push(trans.__('up %1', duration(cluster.uptime, trans)));
  }
  return parts.join(' · ');
}

/** Returns the nodes of a role: `2 of 4 m5.xlarge (spot)`. */
export function nodesLine(nodes: INodesView, trans: TranslationBundle): string {
  const count =
    nodes.running === nodes.requested
      ? String(nodes.running)
      : trans.__('%1 of %2', nodes.running, nodes.requested);
  const market = nodes.market === 'SPOT' ? ` (${trans.__('spot')})` : '';
  return `${count} × ${nodes.instance_types.join(', ') || '?'}${market}`;
}

/** Returns a role as EMR's console writes it. */
export function roleWord(role: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    MASTER: trans.__('Primary'),
    CORE: trans.__('Core'),
    TASK: trans.__('Task')
  };
  return own(words, role) ?? role;
}
