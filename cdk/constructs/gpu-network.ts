import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  type IVpc,
  Port,
  Peer,
  SecurityGroup,
  SubnetType,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import { Construct } from "constructs";

import { asVpc } from "./as-interface.ts";
import { createLogGroup } from "./log-group.ts";

/**
 * Network of the GPU workers: they call S3 through a gateway and AWS's APIs over the internet, and
 * nobody calls them. Public subnets without a NAT gateway, which would cost more than it protects.
 */
export class GpuNetwork extends Construct {
  readonly vpc: IVpc;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const flowLog = createLogGroup(this, "FlowLog");
    const vpc = new Vpc(this, "Vpc", {
      maxAzs: 3,
      natGateways: 0,
      subnetConfiguration: [
        { name: "Workers", subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: true },
      ],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
      flowLogs: { All: { destination: FlowLogDestination.toCloudWatchLogs(flowLog) } },
      // a custom resource would do it; nothing here uses the default group
      restrictDefaultSecurityGroup: false,
    });
    this.vpc = asVpc(vpc);
    this.securityGroup = new SecurityGroup(this, "Workers", {
      vpc: this.vpc,
      description: "GPU workers: nothing in, HTTPS out",
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.HTTPS, "AWS APIs, image registry");
  }
}
