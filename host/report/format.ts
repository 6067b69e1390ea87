/**
 * The forms that a report has.
 */
export const FORMATS = ["hotspots", "collapsed", "pprof", "speedscope", "html", "dump"] as const;

export type ReportFormat = (typeof FORMATS)[number];
