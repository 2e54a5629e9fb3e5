// Types of become.mjs.
export const LEAN_FLAGS: readonly string[];
export const LEAN_ENVIRONMENT: Readonly<Record<string, string>>;
export function become(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): void;
