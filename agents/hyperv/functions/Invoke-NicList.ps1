function Invoke-NicList {
    <#
    .SYNOPSIS
    nic.list: the adapters of a machine.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $note = Read-AgentNote -Text $vm.Notes
    $devices = @(Get-AgentDevice -Vm $vm -Note $note)
    $boot = @(Get-AgentBootOrder -Vm $vm -Devices $devices)
    $items = @($devices | Where-Object { $_.Kind -ceq 'nic' } | ForEach-Object { Get-AgentNicView -Device $_ -Boot $boot -Note $note -Resources $Job.Resources })
    New-AgentResult -Message "$($items.Count) network adapters." -Data ([ordered]@{ items = $items })
}
