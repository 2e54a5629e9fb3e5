// Names the environment variable by which the parent gives workerd the seal key: it stands in no file but its own.
export const SEAL_KEY_VARIABLE = "FARHAND_SEAL_KEY";
