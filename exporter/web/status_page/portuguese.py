"""The page in Brazilian Portuguese."""

from types import MappingProxyType
from typing import Final

from exporter.model.poll_result import Reason
from exporter.web.status_page.problems import Problem
from exporter.web.status_page.query import Show
from exporter.web.status_page.texts import (
    Advice,
    Controls,
    Headlines,
    Numbers,
    Plural,
    SourceTexts,
    Texts,
    Words,
)
from exporter.web.status_page.webhook_states import WebhookState

PORTUGUESE: Final = Texts(
    tag="pt-BR",
    numbers=Numbers(
        thousands=".",
        decimal=",",
        day="%d/%m/%Y",
        moment="%d/%m/%Y %H:%M:%S UTC",
        seconds=Plural("{n} s", "{n} s"),
        minutes=Plural("{n} min", "{n} min"),
        hours=Plural("{n} hora", "{n} horas"),
        days=Plural("{n} dia", "{n} dias"),
    ),
    headlines=Headlines(
        title="{n} com problema · zapi-exporter",
        trouble=Plural("{n} de {total} precisa de atenção", "{n} de {total} precisam de atenção"),
        cause="{n} de {total} não podem ser consultadas, todas pelo mesmo motivo.",
        good=Plural("A única instância está bem", "Todas as {n} instâncias estão bem"),
        waiting="Aguardando as primeiras consultas",
        none="Nenhuma instância está configurada aqui",
    ),
    words=Words(
        instance="Instância",
        state="Estado",
        to_do="O que há de errado e o que fazer",
        due="Vencimento",
        payment="Pagamento",
        webhooks="Webhooks",
        last_poll="Última consulta",
        name_at_zapi="Nome na Z-API",
        labels="Rótulos",
        connected="Conectada",
        disconnected="Desconectada",
        cannot_be_polled="Consulta falhou",
        not_polled_yet="Ainda não consultada",
        last_known="Última informação: {state}",
        since="há {duration}",
        since_at_least="há pelo menos {duration}",
        messages_waiting=Plural("{n} mensagem aguarda envio", "{n} mensagens aguardam envio"),
        disconnects=Plural("{n} desconexão vista", "{n} desconexões vistas"),
        ago="há {duration}",
        ahead="em {duration}",
        took="levou {duration}",
        never="Nunca",
        not_known="Sem dados",
        paid="Pago",
        unpaid="Não pago",
        unclassified="Não classificado",
        webhooks_set="{n} de {total} com URL",
        webhooks_wrong=Plural("{n} errado", "{n} errados"),
        webhooks_as_expected="Como esperado",
    ),
    controls=Controls(
        skip="Ir para as instâncias",
        instances="Instâncias",
        filters="Mostrar só",
        search="Buscar",
        search_hint="Nome, rótulo, id, motivo …",
        search_button="Buscar",
        clear="Limpar a busca",
        show_all="Mostrar todas as instâncias",
        matching="{first} a {last} de {total}, as piores primeiro",
        matching_sorted="{first} a {last} de {total}",
        matching_none="Nenhuma instância encontrada.",
        only_with="Somente com",
        without="Mostrar também as de outro valor em {label}",
        group_by="Agrupar por",
        ungroup="Não agrupar",
        without_label="Sem {label}",
        shown="Mostrando",
        show_folded="Mostrar estas instâncias",
        pages="Páginas",
        page="Página {n} de {total}",
        previous="Anterior",
        next="Próxima",
        updated="Situação em {moment}",
        pause="Pausar atualização",
        resume="Retomar atualização",
        paused="Atualização em pausa",
        trouble="O exporter não responde. Os dados abaixo estão desatualizados.",
        metrics="Métricas",
        times="Todos os horários estão em UTC.",
        times_local="Horários de {zone}; passe o mouse sobre um deles para ver em UTC.",
    ),
    sources=SourceTexts(
        from_config="Da configuração",
        from_file="Do arquivo {name}",
        from_account="Da conta {name}",
        file_kept="O arquivo {name} tem um erro; continua valendo o conteúdo anterior dele.",
        file_left_out="O arquivo {name} tem um erro e foi ignorado; nenhuma instância dele é consultada.",
        file_remedy="`zapi-exporter --config.check` lista cada erro com a sua linha.",
        list_never_read="A lista da conta {name} não pode ser lida; nenhuma instância dela é consultada.",
        list_old="A lista da conta {name} foi lida {when} e continua valendo (instâncias: {n}). "
        "As criadas depois não são consultadas.",
        list_remedy="Verifique o token de parceiro e se a Z-API responde; o exporter tenta de novo sozinho.",
        without_token="A lista da conta {name} tem instâncias sem token, que não podem ser consultadas: {n}.",
        token_remedy="Veja essas instâncias no painel da Z-API, ou deixe-as de fora com `exclude`.",
    ),
    filters=MappingProxyType(
        {
            Show.ALL: "Todas",
            Show.PROBLEMS: "Precisam de atenção",
            Show.DISCONNECTED: "Desconectadas",
            Show.UNREACHABLE: "Consulta falhou",
            Show.EXPIRING: "Vencem em 7 dias",
            Show.UNPAID: "Não pagas",
            Show.WEBHOOKS: "Webhooks errados",
            Show.CONNECTED: "Conectadas",
            Show.WAITING: "Ainda não consultadas",
        }
    ),
    webhooks=MappingProxyType(
        {
            WebhookState.AS_EXPECTED: "como esperado",
            WebhookState.MISSING: "faltando",
            WebhookState.SILENCED: "silenciado por um filtro na Z-API",
            WebhookState.DIFFERENT: "URL diferente da esperada",
            WebhookState.SET: "configurado",
            WebhookState.MUTED: "configurado, mas silenciado por um filtro na Z-API",
            WebhookState.NOT_SET: "não configurado",
            WebhookState.UNREADABLE: "ilegível",
        }
    ),
    problems=MappingProxyType(
        {
            Problem.DISCONNECTED: Advice(
                "O número está desconectado do WhatsApp.",
                "Leia o QR code de novo na Z-API. Veja se o celular está ligado e com internet.",
            ),
            Problem.SESSION_LOST: Advice(
                "O número está desconectado do WhatsApp, mas a sessão pode ser restaurada.",
                "Restaure a sessão na Z-API. Não é preciso ler o QR code.",
            ),
            Problem.SESSION_LOST_UNNOTICED: Advice(
                "A Z-API mostra o número como conectado, mas a sessão foi perdida: as mensagens não saem.",
                "Veja na Z-API se é preciso restaurar a sessão ou ler o QR code.",
            ),
            Problem.QUEUE_FULL: Advice(
                "O número está desconectado e a fila está quase cheia: {n} mensagens.",
                "Conecte-o de novo: com 1.000 na fila, a Z-API recusa novas mensagens.",
            ),
            Problem.QUEUE_STUCK: Advice(
                "O número está conectado, mas a fila não anda. Mensagens na fila: {n}; a mais antiga chegou {when}.",
                "Reinicie a instância na Z-API e verifique a fila lá.",
            ),
            Problem.PHONE_OFFLINE: Advice(
                "O próprio celular está sem conexão.",
                "Ligue o celular e verifique a internet: depois de 14 dias sem conexão, o WhatsApp o desvincula.",
            ),
            Problem.COLLECTOR_FAILING: Advice(
                "Sem resposta para o que `collect` pede: {collectors}.",
                "O exporter continua tentando. Se a Z-API não oferece isso, retire-o de `collect`.",
            ),
            Problem.EXPIRED: Advice(
                "A assinatura venceu {when}.", "Renove na Z-API antes que a instância seja excluída."
            ),
            Problem.STOPPED: Advice(
                "O exporter parou de consultar esta instância.",
                "Veja o log e a CPU do exporter. Aumente `polling.concurrency` se as consultas atrasam.",
            ),
            Problem.WEBHOOK_MISSING: Advice(
                "Webhook não configurado: {webhooks}.",
                "Configure-o na Z-API. Até lá, esses eventos não chegam a ninguém.",
            ),
            Problem.WEBHOOK_MUTED: Advice(
                "Webhook silenciado por um filtro na Z-API: {webhooks}.",
                "A Z-API não o chama, seja qual for a URL. Remova o filtro no painel ou com `PUT /update-filters`.",
            ),
            Problem.WEBHOOK_DIFFERENT: Advice(
                "Webhook com URL diferente da esperada: {webhooks}.",
                "Configure a URL certa na Z-API ou corrija `expected_webhooks` na configuração.",
            ),
            Problem.UNPAID: Advice(
                "O status do pagamento é {status}.",
                "Pague na Z-API. Se este status vale como pago, inclua-o em `payment.paid_statuses`.",
            ),
            Problem.EXPIRING: Advice("A assinatura vence {when}.", "Renove na Z-API antes do vencimento."),
        }
    ),
    reasons=MappingProxyType(
        {
            Reason.CONNECT: Advice(
                "Não há conexão com a Z-API.",
                "Verifique `api.base_url` e o DNS, o firewall e o proxy de onde o exporter roda.",
            ),
            Reason.TLS: Advice(
                "Não há conexão TLS confiável com a Z-API.",
                "Verifique `api.ca_file`, a porta em `api.base_url` e qualquer proxy que inspecione o TLS.",
            ),
            Reason.TIMEOUT: Advice(
                "A Z-API não respondeu a tempo.",
                "Em geral passa sozinho. Se persistir, verifique a rede ou aumente `api.timeout`.",
            ),
            Reason.UNAUTHORIZED: Advice(
                "A Z-API recusa o Client-Token.",
                "Compare `client_token` com o token de segurança da conta na Z-API.",
            ),
            Reason.NOT_FOUND: Advice(
                "A Z-API não conhece esta instância.",
                "Verifique `id` e `token`. A instância pode ter sido excluída na Z-API.",
            ),
            Reason.RATE_LIMITED: Advice(
                "A Z-API está limitando as requisições.",
                "O exporter espera e tenta de novo. Se persistir, aumente `polling.interval`.",
            ),
            Reason.REDIRECTED: Advice(
                "A Z-API redireciona a consulta.",
                "Verifique `api.base_url`. Redirecionamentos não são seguidos, pois levariam o token junto.",
            ),
            Reason.SERVER_ERROR: Advice(
                "A Z-API respondeu com um erro interno.",
                "O exporter continua tentando. Se persistir, fale com o suporte da Z-API.",
            ),
            Reason.BAD_STATUS: Advice(
                "A Z-API recusa a requisição.",
                "Verifique `api.base_url` e se algum proxy no caminho responde no lugar dela.",
            ),
            Reason.TOO_LARGE: Advice(
                "A resposta é grande demais para ser de uma instância.",
                "Verifique `api.base_url`: talvez quem responda não seja a Z-API.",
            ),
            Reason.INVALID_RESPONSE: Advice(
                "A resposta não faz sentido.",
                "Verifique `api.base_url` e os proxies no caminho. Procure uma atualização do exporter.",
            ),
            Reason.WRONG_INSTANCE: Advice(
                "A resposta é de outra instância.",
                "Verifique se `id` e `token` são da mesma instância e se nenhum proxy guarda respostas em cache.",
            ),
            Reason.SUBSCRIPTION_ENDED: Advice(
                "A assinatura da instância foi encerrada.",
                "Assine de novo na Z-API antes que a instância seja excluída.",
            ),
            Reason.IP_NOT_ALLOWED: Advice(
                "A conta na Z-API não permite o endereço IP deste exporter.",
                "Inclua o IP público do exporter entre os permitidos nas configurações de segurança da conta.",
            ),
            Reason.FORBIDDEN: Advice(
                "Um firewall, uma CDN ou um proxy recusa a consulta, e não a própria Z-API.",
                "O exporter continua tentando. Se persistir, verifique a rede e o que está à frente da Z-API.",
            ),
        }
    ),
    details=MappingProxyType(
        {
            "Z-API has no list of instances for this partner token": (
                "a Z-API não tem lista de instâncias para este token de parceiro"
            ),
            "Z-API or a server in front of it refused the list (HTTP {n}); is the partner token right?": (
                "a Z-API, ou um servidor à frente dela, recusou a lista (HTTP {n}); o token de parceiro está certo?"
            ),
            "Z-API refused the partner token, which is no Client-Token": (
                "a Z-API recusou o token de parceiro, que não é o Client-Token"
            ),
            "the list became shorter while it was read": "a lista diminuiu durante a leitura",
            "the list changed while it was read": "a lista mudou durante a leitura",
            "the list has more than {n} instances": "a lista tem mais de {n} instâncias",
            "the list is empty, and had {n} instances before": (
                "a lista está vazia, e antes tinha {n} instâncias"
            ),
            "the list is not complete: it has {n} instances and says {n}": (
                "a lista está incompleta: traz {n} instâncias e informa {n}"
            ),
            "the list was not read within {n} s": "a lista não foi lida em {n} s",
            "the page of the list does not say how many instances there are": (
                "a página da lista não informa quantas instâncias há"
            ),
            "the page of the list holds no list of instances": "a página da lista não traz instâncias",
            "the page of the list holds too many values; make page_size smaller": (
                "a página da lista traz valores demais; diminua page_size"
            ),
            "the page of the list is an error of a kind not known here": (
                "a página da lista é um erro desconhecido"
            ),
            "the page of the list is not a JSON object": "a página da lista não é um objeto JSON",
            "the reply to /status is not a JSON object": "a resposta de /status não é um objeto JSON",
            "the reply to /status does not say whether the session is connected": (
                "a resposta de /status não diz se a sessão está conectada"
            ),
            "the reply to /queue/count is not a JSON object": (
                "a resposta de /queue/count não é um objeto JSON"
            ),
            "the reply to /queue/count has no readable count": (
                "a resposta de /queue/count não traz uma contagem legível"
            ),
            "the reply to /queue is not a page of messages": "a resposta de /queue não é uma página de mensagens",
            "Z-API does not offer this for the instance (HTTP {n})": (
                "a Z-API não oferece isso para a instância (HTTP {n})"
            ),
            "Z-API answered HTTP {n}, which says nothing of an instance": (
                "a Z-API respondeu HTTP {n}, o que não diz nada sobre a instância"
            ),
            "Z-API answered with a redirect (HTTP {n}), never followed": (
                "a Z-API respondeu com um redirecionamento (HTTP {n}), que nunca é seguido"
            ),
            "Z-API failed to answer (HTTP {n})": "a Z-API não conseguiu responder (HTTP {n})",
            "Z-API knows no instance with this id and token": (
                "a Z-API não conhece nenhuma instância com este id e token"
            ),
            "Z-API knows no instance with this id and token (HTTP {n})": (
                "a Z-API não conhece nenhuma instância com este id e token (HTTP {n})"
            ),
            "Z-API limits the rate of requests (HTTP {n})": "a Z-API limita as requisições (HTTP {n})",
            "Z-API refused the Client-Token": "a Z-API recusou o Client-Token",
            "Z-API refused the credentials (HTTP {n})": "a Z-API recusou as credenciais (HTTP {n})",
            "Z-API refused the request (HTTP {n})": "a Z-API recusou a requisição (HTTP {n})",
            "Z-API says that the instance must be subscribed to again": (
                "a Z-API diz que a instância precisa ser assinada de novo"
            ),
            "a server in front of Z-API refused the request (HTTP {n})": (
                "um servidor à frente da Z-API recusou a requisição (HTTP {n})"
            ),
            "an unexpected error of the exporter itself": "um erro inesperado do próprio exporter",
            "no TLS connection could be agreed on; is the port right?": (
                "não foi possível negociar o TLS; a porta está certa?"
            ),
            "no Z-API is found at api.base_url (HTTP {n})": "não há Z-API em api.base_url (HTTP {n})",
            "no whole reply within api.timeout": "a resposta não chegou completa dentro de api.timeout",
            "the account at Z-API does not allow the address of this exporter": (
                "a conta na Z-API não permite o endereço IP deste exporter"
            ),
            "the account requires a Client-Token and none was sent": (
                "a conta exige um Client-Token e nenhum foi enviado"
            ),
            "the connection could not be made": "não foi possível conectar",
            "the connection was closed before the reply was whole": (
                "a conexão foi encerrada antes do fim da resposta"
            ),
            "the connection to the proxy was refused": "a conexão com o proxy foi recusada",
            "the connection was refused": "a conexão foi recusada",
            "the headers of the reply are too large": "os cabeçalhos da resposta são grandes demais",
            "the host name of api.base_url cannot be resolved": "o nome em api.base_url não pôde ser resolvido",
            "the host name of the proxy cannot be resolved": "o nome do proxy não pôde ser resolvido",
            "the id in the reply is not text": "o id na resposta não é texto",
            "the proxy closed the connection before it was made": "o proxy encerrou a conexão antes de completá-la",
            "the proxy did not make the connection": "o proxy não estabeleceu a conexão",
            "the proxy did not make the connection (HTTP {n})": "o proxy não estabeleceu a conexão (HTTP {n})",
            "the proxy did not make the connection: its reply is not valid HTTP": (
                "o proxy não estabeleceu a conexão: a resposta dele não é HTTP válido"
            ),
            "the proxy refused the user and password of its URL, or lacks them (HTTP {n})": (
                "o proxy recusou o usuário e a senha da URL dele, ou eles faltam (HTTP {n})"
            ),
            "the proxy's certificate has expired": "o certificado do proxy venceu",
            "the proxy's certificate is for another host": "o certificado do proxy é de outro host",
            "the proxy's certificate is not valid": "o certificado do proxy não é válido",
            "the proxy's certificate is signed by an unknown authority; see api.ca_file": (
                "o certificado do proxy é assinado por uma autoridade certificadora desconhecida; veja api.ca_file"
            ),
            "the reply came in an encoding that was not asked for; only gzip was": (
                "a resposta veio em uma codificação que não foi pedida; só gzip foi"
            ),
            "the reply describes another instance": "a resposta é de outra instância",
            "the reply does not say whether the instance is connected": (
                "a resposta não diz se a instância está conectada"
            ),
            "the reply is an error of a kind not known here": "a resposta é um erro desconhecido",
            "the reply is larger than 1 MiB": "a resposta é maior que 1 MiB",
            "the reply holds too many values": "a resposta traz valores demais",
            "the reply says that the request failed, and not why": (
                "a resposta diz que a requisição falhou, mas não por quê"
            ),
            "the reply is not a JSON object": "a resposta não é um objeto JSON",
            "the reply is not valid gzip, or was cut short": "a resposta não é gzip válido ou foi cortada",
            "the reply is not valid HTTP": "a resposta não é HTTP válido",
            "the server's certificate has expired": "o certificado do servidor venceu",
            "the server's certificate is for another host": "o certificado do servidor é de outro host",
            "the server's certificate is not valid": "o certificado do servidor não é válido",
            "the server's certificate is signed by an unknown authority; see api.ca_file": (
                "o certificado do servidor é assinado por uma autoridade certificadora desconhecida; veja api.ca_file"
            ),
            "there is no route to the host": "não há rota até o servidor",
            "there is no route to the proxy": "não há rota até o proxy",
            "this machine has no file descriptor left; raise its limit": (
                "não há mais descritores de arquivo nesta máquina; aumente o limite"
            ),
            "this machine has no thread left to look a name up on; raise its limit": (
                "não há mais threads nesta máquina para resolver um nome; aumente o limite"
            ),
        }
    ),
)
