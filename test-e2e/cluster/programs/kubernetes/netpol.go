// Enforces the NetworkPolicy objects on one node. kube-router's policy controller turns them into iptables rules; it is given
// informers here, and nothing else of kube-router runs: no routes, no Services.
package main

import (
	"flag"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cloudnativelabs/kube-router/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/pkg/options"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func enforceNetworkPolicies() {
	settings := options.NewKubeRouterConfig()
	settings.IPTablesSyncPeriod = time.Minute
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	flag.StringVar(&settings.HostnameOverride, "node", "", "the node to guard")
	flag.StringVar(&settings.ClusterIPCIDR, "service-cidr", "", "the addresses of Services")
	klog.InitFlags(nil)
	flag.Parse()
	os.Setenv("NODE_NAME", settings.HostnameOverride)

	stop := make(chan struct{})
	var running sync.WaitGroup
	controller := newPolicyController(connect(*kubeconfig), settings, stop)
	running.Add(1)
	go controller.Run(unheardHeartbeats(), stop, &running)

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	<-signals
	close(stop)
	running.Wait()
}

func connect(kubeconfig string) kubernetes.Interface {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	fatal(err)
	client, err := kubernetes.NewForConfig(config)
	fatal(err)
	return client
}

func newPolicyController(
	client kubernetes.Interface, settings *options.KubeRouterConfig, stop <-chan struct{},
) *netpol.NetworkPolicyController {
	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(stop)
	factory.WaitForCacheSync(stop)
	controller, err := netpol.NewNetworkPolicyController(client, settings, pods, policies, namespaces, &sync.Mutex{})
	fatal(err)
	pods.AddEventHandler(controller.PodEventHandler)
	namespaces.AddEventHandler(controller.NamespaceEventHandler)
	policies.AddEventHandler(controller.NetworkPolicyEventHandler)
	return controller
}

// Nobody asks this agent for its health, but the controller blocks when its heartbeats are not taken.
func unheardHeartbeats() chan<- *healthcheck.ControllerHeartbeat {
	beats := make(chan *healthcheck.ControllerHeartbeat, 8)
	go func() {
		for range beats {
			continue
		}
	}()
	return beats
}

func fatal(err error) {
	if err != nil {
		klog.Fatal(err)
	}
}
