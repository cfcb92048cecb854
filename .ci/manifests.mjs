// node manifests.mjs <rendered file>...
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseAllDocuments } from 'yaml';

const files = process.argv.slice(2);

/** Where the kinds are that are not of Kubernetes itself. */
const packages = {
    'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
    'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};

/** What the schema of its kind has against a document; null when it has nothing. */
async function complaint(document) {
    const { apiVersion, kind, metadata } = document;
    try {
        const model = await import(`${packages[apiVersion.split('/')[0]] ?? 'kubernetes-models'}/${apiVersion}/${kind}`);
        new model[kind](document).validate();
        return null;
    } catch (error) {
        return `${apiVersion} ${kind} ${metadata?.name}: ${error.message}`;
    }
}

const documents = [];
let failed = false;
for (const file of files)
    for (const parsed of parseAllDocuments(readFileSync(file, 'utf8'))) {
        if (parsed.errors.length > 0) throw new Error(`${basename(file)}: ${parsed.errors[0]}`);
        const document = parsed.toJS();
        documents.push(document);
        const text = await complaint(document);
        if (text) {
            failed = true;
            console.error(`${basename(file)}: ${text}`);
        }
    }

// A check that cannot fail is none: each of these errors must be seen.
const planted = {
    Deployment: [
        d => delete d.spec.selector,
        d => (d.spec.template.spec.containers[0].imagePullPolicy = 'Sometimes'),
        d => (d.spec.template.spec.containers[0].ports[0].containerPort = 'http'),
    ],
    Service: [d => delete d.spec.ports[0].port],
    HorizontalPodAutoscaler: [d => delete d.spec.maxReplicas],
    NetworkPolicy: [d => (d.spec.policyTypes = 'Ingress')],
    HTTPRoute: [
        d => delete d.spec.parentRefs[0].name,
        d => (d.spec.rules[0].backendRefs[0].port = 'http2'),
        d => (d.spec.rules[0].matches[0].path.type = 'Prefix'),
    ],
    PodMonitor: [d => delete d.spec.selector, d => (d.spec.podMetricsEndpoints[0].relabelings[0].sourceLabels = 'pod')],
    PrometheusRule: [d => delete d.spec.groups[0].name, d => delete d.spec.groups[0].rules[0].expr],
};
for (const [kind, plants] of Object.entries(planted))
    for (const plant of plants) {
        const document = structuredClone(documents.find(d => d.kind === kind));
        plant(document);
        if (!(await complaint(document))?.includes(' must ')) {
            failed = true;
            console.error(`planted in ${kind} and not seen: ${plant}`);
        }
    }

console.log(`manifests: ${documents.length} documents of ${files.length} renderings, ${failed ? 'with problems' : 'all valid'}`);
process.exitCode = failed ? 1 : 0;
