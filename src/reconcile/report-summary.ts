import type { z } from 'zod';
import { type Report, reportSchema } from './report.js';

/** What a list of reports shows of each; kept apart from the reports, so that a list need not load them. */
export const reportSummarySchema = reportSchema.pick({
  id: true,
  startedAt: true,
  endedAt: true,
  scope: true,
  trigger: true,
  status: true,
  reason: true,
  rows: true,
  keys: true,
  compared: true,
  drift: true,
  repaired: true,
  undecided: true,
});

export type ReportSummary = z.infer<typeof reportSummarySchema>;

/** Only what a summary holds: the schema leaves all else out. */
export const summaryOf = (report: Report): ReportSummary => reportSummarySchema.parse(report);
