import type { Report } from './report.js';
import { STATUS_WORDS, count, number, totalDrift } from './report-wording.js';

/** A report in a sentence, and what to know beside it. */
export interface ReportVerdict {
  /** clean: nothing is wrong. mended: it was. attention: something is left to do or unknown. broken: it did not finish. */
  readonly tone: 'clean' | 'mended' | 'attention' | 'broken';
  readonly headline: string;
  readonly details: readonly string[];
}

export function verdictOf(report: Report): ReportVerdict {
  const details = detailsOf(report);
  if (report.status !== 'finished') {
    const reason = report.reason === '' ? 'no reason was recorded' : report.reason;
    const soFar = `Until then: ${lowerFirst(driftInWords(report))}.`;
    return {
      tone: 'broken',
      headline: `${STATUS_WORDS[report.status]}: ${reason}`,
      details: [soFar, ...details],
    };
  }
  return { tone: toneOf(report), headline: driftInWords(report), details };
}

function toneOf(report: Report): ReportVerdict['tone'] {
  const drifted = totalDrift(report.drift);
  if (report.undecided > 0 || report.mismatches.length > 0 || comparedNothing(report)) return 'attention';
  if (drifted === 0) return 'clean';
  return report.repaired >= drifted ? 'mended' : 'attention';
}

function driftInWords(report: Report): string {
  const { repairs, repaired } = report;
  const drifted = totalDrift(report.drift);
  if (drifted === 0) return comparedNothing(report) ? 'Nothing was compared' : 'Nothing drifted';
  const values = count(drifted, 'value');
  if (!repairs) return `${values} ${drifted === 1 ? 'has' : 'have'} drifted`;
  if (repaired >= drifted) return `${values} had drifted, ${drifted === 1 ? 'repaired' : 'all repaired'}`;
  return `${values} had drifted, ${repaired === 0 ? 'none' : number(repaired)} repaired`;
}

/** No drift then says nothing of the cache. */
const comparedNothing = ({ compared, keys }: Report): boolean => compared === 0 && keys === 0;

function detailsOf(report: Report): string[] {
  const { repairs, repaired, undecided, mismatches } = report;
  const drifted = totalDrift(report.drift);
  const left = drifted - repaired;
  return [
    ...(comparedNothing(report)
      ? ['The cache held none of the mapped values, or no template could be compared: see the coverage.']
      : []),
    ...(!repairs && drifted > 0 ? ['This pass only reports: nothing was deleted.'] : []),
    ...(repairs && left > 0
      ? [`${count(left, 'value')} ${left === 1 ? 'was' : 'were'} not repaired; the samples say why.`]
      : []),
    ...(mismatches.length > 0
      ? [`The mapping of ${count(mismatches.length, 'template')} is wrong; nothing of theirs was deleted.`]
      : []),
    ...(undecided > 0
      ? [
          `${count(undecided, 'value')} could not be settled in time; the next pass looks at ${undecided === 1 ? 'it' : 'them'} first.`,
        ]
      : []),
  ];
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
