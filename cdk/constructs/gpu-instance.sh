#!/bin/bash
# What an instance of the GPU workers does as it starts, before ECS's agent does (gpu-fleet.ts).

# an instance that is about to end gets no further worker; one that is told to stop has two minutes
cat >>/etc/ecs/ecs.config <<'END'
ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
ECS_CONTAINER_STOP_TIMEOUT=120s
END

# workers share the instance's network, but have their own role and must not use the instance's;
# 65534 is the USER of functions/gpu-worker/image/Dockerfile
iptables --insert OUTPUT 1 --destination 169.254.169.254/32 --match owner --uid-owner 65534 --jump REJECT

# of the end of a Spot instance ECS tells the tasks of services, of which Batch's are none
cat >/usr/local/bin/tell-spot-end <<'END'
#!/bin/bash
metadata=http://169.254.169.254/latest
ask() { curl --silent --fail "$@"; }
until
  token=$(ask --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' $metadata/api/token) &&
    ask --header "X-aws-ec2-metadata-token: $token" $metadata/meta-data/spot/instance-action
do
  sleep 5
done
docker kill --signal TERM $(docker ps --quiet --filter label=com.amazonaws.ecs.task-arn)
END
chmod +x /usr/local/bin/tell-spot-end
systemd-run --unit tell-spot-end /usr/local/bin/tell-spot-end
