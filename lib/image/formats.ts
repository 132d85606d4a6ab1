/*
 * What files of images may be: apart from the code that writes them, which loads sharp, so that
 * options and schemas can name them.
 */

/** What a sheet's file may be. */
export const SHEET_FORMATS = ["png", "jpeg", "webp"] as const;
export type SheetFormat = (typeof SHEET_FORMATS)[number];

/** How the names of sheets end. */
export const SHEET_ENDINGS: Readonly<Record<SheetFormat, string>> = {
  png: ".png",
  jpeg: ".jpg",
  webp: ".webp",
};

/** Of either side of a sheet, in pixels, as the formats' headers can say it. */
export const SHEET_SIDE_LIMITS: Readonly<Record<SheetFormat, number>> = {
  png: Infinity,
  jpeg: 65_535,
  webp: 16_383,
};

/** What an animation's file may be. */
export const ANIMATION_FORMATS = ["webp", "gif"] as const;
export type AnimationFormat = (typeof ANIMATION_FORMATS)[number];
