// Headers as a record: the platform reads one several times as fast as a list of pairs. Lines of one name become one line, as
// RFC 9110 lets anyone on the way do; `set-cookie`, where that does not hold, passes no lane.

export type HeaderRecord = Record<string, string>;

/** Empty, and no name is there already, `constructor` included. */
export const headerRecord = (): HeaderRecord => Object.create(null) as HeaderRecord;

export function addHeader(record: HeaderRecord, name: string, value: string): void {
  const before = record[name];
  record[name] = before === undefined ? value : `${before}, ${value}`;
}
