// What a host offers to be reached through Farhand: model servers with their models, and declared HTTP services.
import type { Host } from "../../protocol/api/shapes.ts";
import type { Model, Service } from "../../protocol/services.ts";
import { mayUseOn, type Me } from "../api/session.ts";
import { Badge } from "../parts/badge.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { Empty } from "../parts/states.tsx";
import { pathTo } from "../routes.ts";

function ModelRow({ model, host, canChat }: { readonly model: Model; readonly host: Host; readonly canChat: boolean }) {
  const notes = [model.kind ?? "", model.context_length === null ? "" : `${model.context_length.toLocaleString()} tokens`].filter(Boolean);
  return (
    <li class="line">
      <span class="line-text">
        <strong>{model.id}</strong> {model.loaded && <Badge tone="good">loaded</Badge>}
        <span class="soft small block">{notes.join(" · ")}</span>
      </span>
      {canChat && model.kind !== "embedding" && (
        <a class="button plain" href={pathTo("chat", {}, { model: `${model.id}@${host.name}` })} aria-label={`Chat with ${model.id}`}>
          Chat
        </a>
      )}
    </li>
  );
}

function ServiceCard({ service, host, canChat }: { readonly service: Service; readonly host: Host; readonly canChat: boolean }) {
  const base = `${location.origin}/hosts/${encodeURIComponent(host.name)}/services/${service.name}/`;
  return (
    <section class="card">
      <div class="row-head">
        <h2 class="name">{service.name}</h2>
        <Badge tone={service.healthy ? "good" : "bad"}>{service.healthy ? service.kind : `${service.kind}, not answering`}</Badge>
      </div>
      <p class="soft">{service.detail}</p>
      {service.models.length > 0 && (
        <ul class="plain-list">
          {service.models.map((model) => (
            <ModelRow key={model.id} model={model} host={host} canChat={canChat} />
          ))}
        </ul>
      )}
      {service.routes.length > 0 && (
        <ul class="plain-list">
          {service.routes.map((route) => (
            <li key={route}>
              <code>{route}</code>
            </li>
          ))}
        </ul>
      )}
      {service.kind === "http" && (
        <div class="line">
          <code class="line-text">{base}</code>
          <CopyButton text={base} what="the service's address" isSmall />
        </div>
      )}
    </section>
  );
}

export function Services({ host, me }: { readonly host: Host; readonly me: Me }) {
  const services = host.capabilities?.services ?? [];
  const canChat = mayUseOn(me, host, "model.use") && host.online;
  if (services.length === 0)
    return (
      <Empty title="No services">
        <p>
          Model servers and others are declared in the host's relay.toml, each as <code>[services.NAME]</code>.
        </p>
      </Empty>
    );
  return (
    <div class="columns">
      {services.map((service) => (
        <ServiceCard key={service.name} service={service} host={host} canChat={canChat} />
      ))}
    </div>
  );
}
