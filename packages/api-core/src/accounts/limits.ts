/** Lengths in code points. A module of its own, so that a form can read them without loading zod. */
export const NAME = { min: 1, max: 100 };
export const EMAIL = { max: 254 };
export const PASSWORD = { min: 12, max: 128 };
