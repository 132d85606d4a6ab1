/*
 * What files of images may be: apart from the code that writes them, which loads sharp, so that
 * options and schemas can name them.
 */

/** What a sheet's file may be. */
export const SHEET_FORMATS = ["png", "jpeg", "webp"] as const;
export type SheetFormat = (typeof SHEET_FORMATS)[number];

/** What an animation's file may be. */
export const ANIMATION_FORMATS = ["webp", "gif"] as const;
export type AnimationFormat = (typeof ANIMATION_FORMATS)[number];
