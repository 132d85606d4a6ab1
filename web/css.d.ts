/** Style sheets, which the bundle gathers in one file. */
declare module "*.css";
