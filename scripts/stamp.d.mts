// Types of stamp.mjs.
export function sourceStamp(root: string): string;
export function isBuilt(root: string): boolean;
export function stampFile(root: string): string;
