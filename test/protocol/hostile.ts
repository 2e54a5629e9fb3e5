// How many hostile inputs each parser gets: 10,000 in `npm test`, 1,000,000 in `npm run test:soak`.
export const isSoak = process.env["FARHAND_SOAK"] === "1";
export const hostileRuns = isSoak ? 1_000_000 : 10_000;
