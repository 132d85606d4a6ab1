import { CfnBudget } from "aws-cdk-lib/aws-budgets";
import type { Construct } from "constructs";

/**
 * Of the limit, in percent: once for what is spent, once for what will have been by the month's
 * end.
 */
const ALARM_AT_PERCENT = 80;

/**
 * A mail once the account's month comes near a limit. AWS counts the whole account, half a day
 * late.
 */
export function addBudget(scope: Construct, dollarsAMonth: number, email: string): void {
  new CfnBudget(scope, "Budget", {
    budget: {
      budgetType: "COST",
      timeUnit: "MONTHLY",
      budgetLimit: { amount: dollarsAMonth, unit: "USD" },
    },
    notificationsWithSubscribers: ["ACTUAL", "FORECASTED"].map((notificationType) => ({
      notification: {
        notificationType,
        comparisonOperator: "GREATER_THAN",
        threshold: ALARM_AT_PERCENT,
        thresholdType: "PERCENTAGE",
      },
      subscribers: [{ subscriptionType: "EMAIL", address: email }],
    })),
  });
}
