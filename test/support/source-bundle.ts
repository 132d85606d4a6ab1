import { SOURCE_BUNDLE, sourceFolder } from "../../lib/source-bundle.mjs";

/**
 * Sources do not change while tests run. Hundreds of threads and processes that tests start would
 * each look at all of them to find the bundle.
 */
process.env[SOURCE_BUNDLE] ??= sourceFolder();
