import { LambdaClient } from "@aws-sdk/client-lambda";
import { ServiceQuotasClient } from "@aws-sdk/client-service-quotas";

import { checkQuotas, readQuotas } from "../../cdk/quotas.ts";
import { parseSettings, SETTING_NAMES, SettingsError } from "../../cdk/settings.ts";
import type { Terminal } from "./terminal.ts";
import { QuotaError, UsageError } from "./user-errors.ts";

export interface DoctorFlags {
  readonly region?: string;
  readonly context?: readonly string[];
}

const MARKS = { right: "ok", advice: "note", wrong: "wrong" } as const;

/** @throws QuotaError where a stack of these settings would not work */
export async function runDoctor(
  { region, context = [] }: DoctorFlags,
  { env, print }: Terminal,
): Promise<void> {
  const settings = settingsOf(context);
  const named = region ?? (env["AWS_REGION"] || env["AWS_DEFAULT_REGION"]);
  const lambda = new LambdaClient(named ? { region: named } : {});
  // or that of the profile, in the AWS command line's own files
  const known = await lambda.config.region().catch(() => {
    throw new UsageError("no region is known; give it with --region or AWS_REGION");
  });
  const clients = { lambda, quotas: new ServiceQuotasClient({ region: known }) };
  const quotas = await readQuotas(clients, settings).catch((error: unknown) => {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new UsageError(`AWS does not tell the quotas of ${known}: ${reason}`);
  });
  const findings = checkQuotas(settings, quotas);
  for (const { state, text } of findings) print(`${MARKS[state]}: ${text}`);
  const wrong = findings.filter(({ state }) => state === "wrong").length;
  if (wrong > 0) throw new QuotaError(`${wrong} of ${findings.length} quotas are too low`);
}

function settingsOf(context: readonly string[]) {
  const given = context.map((setting) => {
    const [name = "", ...value] = setting.split("=");
    if (value.length === 0 || !SETTING_NAMES.includes(name)) {
      throw new UsageError(
        `--context: given '${setting}'; wanted name=value, of the settings ${SETTING_NAMES.join(", ")}`,
      );
    }
    return [name, value.join("=")] as const;
  });
  try {
    return parseSettings(Object.fromEntries(given));
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(error.message);
    throw error;
  }
}
