/**
 * Every limit of the service, with its unit and its reason. The cloud stack imports this file, so
 * it imports nothing.
 */

/** A request document; 10,000 labels of a sensible length fit. */
export const MAX_REQUEST_BYTES = 262_144;

/** One job, one sheet: GoogLeNet's 8,280 units fit. */
export const MAX_CHANNELS_PER_JOB = 10_000;

/** Highest 1-based channel index: five digits, so that keys sort as numbers do. */
export const MAX_CHANNEL_INDEX = 99_999;

/** Per level, 20 times the examples' classes: four minutes at job 4's 0.12 s (bench/RESULTS.md). */
export const MAX_ITERATIONS = 2_000;

/**
 * One iteration on one image, by the estimate of `work-seconds.ts`: a CPU worker writes its
 * progress between two of them, and has 15 minutes in all, of which six iterations are kept to
 * finish. They have to fit where two threads share a core, and where a core takes half as long
 * again as the estimate says.
 */
export const MAX_STEP_SECONDS = 45;

/** What comes after the last iteration, by the same estimate: the six that are kept. */
export const MAX_CARD_SECONDS = 6 * MAX_STEP_SECONDS;

/** One image, by the same estimate: some hundred parts of a CPU worker's 15 minutes. */
export const MAX_CHANNEL_SECONDS = 24 * 3_600;

/** At the default scale of 1.4, ten levels lead from 196 px to the largest image. */
export const MAX_PYRAMID_LEVELS = 10;

/** The default three levels then lead from 224 px, what most networks see, to 3,584 px. */
export const MAX_PYRAMID_SCALE = 4;

/**
 * Side of the largest pyramid level, in pixels. An image of that size takes 201 MB as float32, its
 * gradient as much again, and a CPU worker has 3,008 MB by default.
 */
export const MAX_IMAGE_SIDE_PX = 4_096;

/** Ten times Lucid's and more draw noise alone: colours saturate within a few iterations. */
export const MAX_LEARNING_RATE = 10;

/** From 4 on nothing is left but the lowest frequencies. */
export const MAX_SPECTRUM_DECAY = 4;

/** A hundred times the usual: the noise alone saturates all colours. */
export const MAX_INITIAL_DEVIATION = 1;

/** About eight times that at which colours vary as in photographs: all are black or white. */
export const MAX_FIXED_MAGNITUDE = 10;

/** Three times the preset's: an iteration then holds 0.4 GB of them. */
export const MAX_ELLIPSES = 512;

/** Twice Lucid's: an iteration then holds 0.2 GB of them. */
export const MAX_CPPN_LAYERS = 16;

/** Five times the most that any preset has. */
export const MAX_SATURATION = 10;

/** Side of a crop as a share of the canvas's: 41 pixels of the largest canvas. */
export const MIN_CROP_FRACTION = 0.01;

/** The canvas then fills a sixteenth of what the network sees. */
export const MAX_CROP_FRACTION = 4;

/** 25 times the weight at which a picture of emojinet's classes is smooth. */
export const MAX_TOTAL_VARIATION = 1_000;

/**
 * channels x iterations x pixels, over all levels: the defence against requests that cost too much.
 * An atlas of GoogLeNet with the default options is 2.8e10.
 */
export const MAX_PIXEL_ITERATIONS = 1e11;

/**
 * channels x iterations x levels: each step leaves its activation in the manifest, which has 30
 * bytes for it and is one string, of at most 2^29 characters in V8. An atlas of GoogLeNet with the
 * default options is 2.5e5.
 */
export const MAX_ASCENT_STEPS = 5e6;

/** 32 bits, as seeds of NumPy and MATLAB: enough to ask for another image. */
export const MAX_SEED = 2 ** 32 - 1;

/** About what the largest image has uncompressed: 3 x 4,096 x 4,096. */
export const MAX_INITIAL_IMAGE_BYTES = 50_000_000;

/** Under a third of the memory, 1,769 MB, of the smallest function that loads one. */
export const MAX_MODEL_BYTES = 500_000_000;

/**
 * Weights of the networks that a process keeps open: two like GoogLeNet, and the one used last
 * however large it is. Memory then stops growing after some fifteen small ones.
 */
export const MAX_CACHED_MODEL_BYTES = 72_000_000;

/** All uploaded images of a bucket, or all its networks: a hundred of the largest models. */
export const MAX_UPLOADED_BYTES = 50_000_000_000;

/** Counted before each further one, a thousand in a listing, while API Gateway waits 29 s. */
export const MAX_UPLOADED_IMAGES = 100_000;

/** How long a network's files wait for its description; a link to send one lasts an hour. */
export const UNPUBLISHED_SECONDS = 86_400;

/** A network's description, or a file of class names: ImageNet's 1,000 take about 30 kB. */
export const MAX_MODEL_TEXT_BYTES = 1_000_000;

/** All channels in one row, or in one column. */
export const MAX_GRID_SIDE = MAX_CHANNELS_PER_JOB;

/** A thumbnail is not larger than an image can be. */
export const MAX_THUMBNAIL_SIDE_PX = MAX_IMAGE_SIDE_PX;

/** More than a tile of 224 px: a sheet of which most is background. */
export const MAX_BORDER_PX = 256;

/** Characters. A sheet shows about 40 in its title's usual size, and more in a smaller one. */
export const MAX_TITLE_LENGTH = 200;

/** Characters. About 20 fit under a tile, the rest is cut; ImageNet's first names have up to 30. */
export const MAX_LABEL_LENGTH = 100;

/**
 * Characters of a layer's or a class's name. Our networks' longest have 30; names that exporters
 * make of nested modules are a few times as long.
 */
export const MAX_NAME_LENGTH = 256;

/**
 * Problems with the entries of one list; after so many no others are looked for. They would hide
 * what else is wrong, and each wrong name is compared with all names, each wrong file read.
 */
export const MAX_ENTRIES_TOLD = 10;

/** Layers that one atlas names, each of which takes some 10 ms to plan: API Gateway waits 29 s. */
export const MAX_ATLAS_LAYERS = 1_000;

/** Of an object's key, as S3 has it. */
export const MAX_KEY_BYTES = 1_024;

/** Characters of an object's key that a request names, which may have several bytes each. */
export const MAX_KEY_LENGTH = 512;

/**
 * `auto` sends jobs of up to this many channels to the CPU, whose workers start in seconds. At five
 * seconds a channel, a few of them have done that before a GPU worker has started.
 */
export const AUTO_CPU_CHANNELS = 100;

/**
 * A job whose channels have not all ended by then is closed: the missing ones become failed. A day
 * leaves time for a person to see to an alarm; what the images take by the estimate comes on top.
 */
export const JOB_DEADLINE_SECONDS = 24 * 3_600;

/** Images at a time that the deadline counts on: a few workers of a new account. */
export const DEADLINE_PARALLEL_IMAGES = 10;

/** However long a job takes: what waits in SQS is forgotten after 14 days. */
export const MAX_JOB_SECONDS = 12 * 86_400;

/** Between two looks at an unfinished job; SQS's longest delay. */
export const RECONCILE_SECONDS = 900;

/**
 * A job that `auto` gave to the GPU goes to the CPU too if none of its channels has ended by then.
 * A Spot instance with its image takes five to ten minutes. Less than RECONCILE_SECONDS, so that
 * the first look finds it: its message is sent before the job is made, and clocks differ.
 */
export const GPU_PATIENCE_SECONDS = RECONCILE_SECONDS - 30;

/** Larger sheets are cut into pages and deep-zoom pieces: many viewers show no wider image. */
export const MAX_SHEET_SIDE_PX = 16_384;

/** The same by area: 400 MB of pixels, which the assembler holds in memory. */
export const MAX_WHOLE_SHEET_PIXELS = 2 ** 27;

/** 200 MB of pixels, of which the assembler holds one at a time. */
export const MAX_PAGE_SIDE_PX = 8_192;

/** A gigapixel: GoogLeNet's 8,280 units at 340 px a side. */
export const MAX_SHEET_PIXELS = 1e9;

/**
 * Deliveries of a channel's message in which its image was begun, before the channel is given up. A
 * worker that is taken away (a deployment, a Spot interruption) uses one up without being at fault,
 * hence more than the usual 3.
 */
export const MAX_ATTEMPTS = 5;

/** Deliveries of a request, or of news of a job, before it goes to the dead-letter queue. */
export const MAX_RECEIVES = 5;

/**
 * The same for a channel's message. Most of them may be no attempt at it: its worker was taken away
 * while it drew others, or Lambda had no room for the call. Those that the worker's death ends
 * before it begins an image, of 45 s each, are over in 23 minutes.
 */
export const MAX_CHANNEL_RECEIVES = 30;

/** From 4 on only the angle is left. Lucid's notebooks use 0 to 2. */
export const MAX_COSINE_POWER = 8;

/** Images of one target that differ: they go through the network together, 8 in 0.7 GB. */
export const MAX_DIVERSE_IMAGES = 8;

/** Of a channel in a weighted sum; float32 keeps six digits beside a weight of 1. */
export const MAX_TARGET_WEIGHT = 1_000;

/** Of one weighted sum: the modules of GoogLeNet are nine. */
export const MAX_SUMMED_LAYERS = 16;

/**
 * Sets of layers that the sums of one request are over: each is a graph of its own, which takes a
 * tenth of a second to check and some tenths to compile.
 */
export const MAX_LAYER_SETS = 32;

/** Characters of an address: the longest that browsers and servers agree on. */
export const MAX_SCHEMA_ADDRESS_LENGTH = 2_048;

/** A photograph to be explained: most telephones' fit, and take 192 MB of a worker's 3,008 as pixels. */
export const MAX_PHOTOGRAPH_PIXELS = 64e6;

/** Classes that an explanation names, those that the network sees most. */
export const EXPLAINED_CLASSES = 10;

/** Channels that an explanation has the maps of: more are looked at by nobody, and add little. */
export const EXPLAINED_CHANNELS = 24;

/**
 * Places of an explanation's map along a side; larger maps are summed up to it. On a page a map is
 * some 200 px wide, and 25 of them are then under a megabyte, of the 6 that Lambda answers with.
 */
export const MAX_MAP_SIDE = 64;

/**
 * Places along a side, of those that are told by which channels they speak; larger maps are summed
 * up to it. On a page one is then as wide as a word's letter or two, and can be pointed at.
 */
export const MAX_POINTED_SIDE = 16;

/** Channels that are told of each such place: the pictures that a telephone shows in a row. */
export const CHANNELS_AT_PLACE = 4;

/**
 * Images that are looked at for a question about pixels: four times the default, some 30 s of one
 * core for GoogLeNet. A network twenty times as slow still fits a CPU worker's 15 minutes.
 */
export const MAX_PIXEL_STEPS = 256;

/**
 * The same question is not sent again before: by then its message has been delivered as often as it
 * may be, or waits behind others and would wait there again.
 */
export const ASK_AGAIN_SECONDS = 3_600;

/** Photographs that are shown of a channel: a row of them on a screen. */
export const EXAMPLES_OF_CHANNEL = 9;

/** Concepts that a layer is asked for: pictures in a row, on a screen. */
export const CONCEPTS_OF_LAYER = 8;

/** Pictures that an activation atlas is asked for: a sheet on a screen. */
export const ATLAS_GRID = { columns: 12, rows: 12 } as const;

/** Vectors that it takes of each photograph: beyond that they repeat each other. */
export const PLACES_OF_PHOTOGRAPH = 16;
