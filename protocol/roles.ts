// The roles of grants, least first. Apart from the schemas, so that the web app can judge grants without them.

export const ROLES = ["reader", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];
